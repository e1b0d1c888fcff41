export { SeededRandom } from './seeded-random.ts';
export { SimulatedClock } from './simulated-clock.ts';
export { twoServices } from './two-services.ts';
export { World } from './world.ts';
