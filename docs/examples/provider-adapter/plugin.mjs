import { builtInProviders, runPlugin } from '@vault-swarm/plugin';
import { storeModule } from './module.ts';

await runPlugin({ providers: [...builtInProviders, storeModule] });
