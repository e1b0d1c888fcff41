import { World } from './world.ts';

/** A world with two services. */
interface TwoServices {
  readonly world: World;
  /** Ids of the services. */
  readonly web: string;
  readonly worker: string;
}

/** A service `web` of three tasks and `worker` of one, which share the secret `db`; each has another of its own. */
export async function twoServices(settings: ConstructorParameters<typeof World>[0] = {}): Promise<TwoServices> {
  const world = new World(settings);
  for (const path of ['db', 'cert', 'queue']) world.provider.write(path, `${path} 1`);
  const db = world.swarm.addSecret('db', { vault_path: 'db' });
  const cert = world.swarm.addSecret('cert', { vault_path: 'cert' });
  const queue = world.swarm.addSecret('queue', { vault_path: 'queue' });
  const web = world.addService('web', 3, [db, cert]);
  const worker = world.addService('worker', 1, [db, queue]);
  world.start();
  await world.run(2_000);
  return { world, web, worker };
}
