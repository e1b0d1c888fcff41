import type { Manager } from '../plugin/cluster.ts';
import type { Happening } from './actions.ts';
import type { Kind } from './kinds.ts';
import type { History } from './run.ts';

function restartLater(history: History, manager: Manager): void {
  history.lasts(history.random.pick([50, 500, 5_000, 40_000]), () => start(history, manager));
}

function start(history: History, manager: Manager): void {
  if (manager.process !== null) return;
  history.say(`the plugin of ${manager.name} starts`);
  history.cluster.start(manager.name);
}

/** A new leader, after a time in which there is none. */
function elect(history: History, why: string): string | null {
  const { cluster, random, witness } = history;
  const reachable = [...cluster.managers.values()].filter(({ isPartitioned, name }) => {
    return !isPartitioned && name !== cluster.leader;
  });
  if (cluster.leader === null || reachable.length === 0) return null;
  const old = cluster.manager(cluster.leader);
  const next = random.pick(reachable);
  cluster.setLeader(null);
  witness.leadsAnew();
  if (random.chance(0.5) && history.kinds.has('two leaders')) believe(history, old, random.between(12_000, 90_000));
  history.lasts(random.between(11_000, 27_000), () => {
    history.say(`${next.name} leads`);
    witness.leadsAnew();
    cluster.setLeader(next.name);
  });
  return `${why}: ${next.name} will lead after ${old.name}`;
}

function believe(history: History, manager: Manager, durationMs: number): void {
  const { who } = history.witness;
  manager.believes = 'leader';
  who.isWrong(manager.name);
  history.lasts(durationMs, () => {
    who.note();
    who.isWrong(manager.name);
    manager.believes = null;
    history.say(`${manager.name} sees that it does not lead`);
  });
}

/** Things that happen to managers, nodes and their plugins. */
export const clusterHappenings: Partial<Record<Kind, Happening>> = {
  crash: (history) => {
    const manager = history.random.pick(history.alive);
    if (manager === undefined) return null;
    manager.process?.kill();
    restartLater(history, manager);
    return `a crash of ${manager.name}`;
  },
  'crash at a call': (history) => {
    const manager = history.random.pick(history.dead);
    if (manager === undefined) return null;
    start(history, manager);
    return `a restart of ${manager.name}`;
  },
  restart: (history) => {
    for (const { name } of history.alive) history.cluster.start(name);
    return 'all plugins are restarted';
  },
  'leader change': (history) => elect(history, 'leader change'),
  'two leaders': (history) => {
    const manager = history.random.pick([...history.cluster.managers.values()]);
    if (manager.name === history.cluster.leader || manager.believes !== null) return null;
    believe(history, manager, history.random.between(1_000, 60_000));
    history.witness.leadsAnew();
    return `${manager.name} believes that it leads`;
  },
  partition: (history) => {
    const { cluster, random, swarm } = history;
    const manager = random.pick([...cluster.managers.values()]);
    if (cluster.managers.size < 3 || [...cluster.managers.values()].some(({ isPartitioned }) => isPartitioned))
      return null;
    manager.isPartitioned = true;
    if (random.chance(0.5)) manager.sees = swarm.snapshot();
    if (manager.name === cluster.leader) {
      if (random.chance(0.5)) believe(history, manager, random.between(1_000, 20_000));
      history.say(elect(history, 'the leader is cut off') ?? 'no election');
    }
    history.lasts(random.between(2_000, 90_000), () => {
      manager.isPartitioned = false;
      manager.sees = null;
      history.say(`${manager.name} is reached again`);
    });
    return `${manager.name} is cut off`;
  },
  'node loss': (history) => {
    const { random, swarm, nodes } = history;
    const node = random.pick(nodes);
    const tasksFail = random.chance(0.5);
    swarm.setNode(node, 'down', tasksFail);
    history.witness.allow('started on a bad value');
    history.lasts(random.between(1_000, 60_000), () => {
      swarm.setNode(node, 'ready');
      swarm.askAgain();
      history.say(`${node} is back`);
    });
    return `${node} is lost${tasksFail ? ' with failing tasks' : ''}`;
  },
  drain: (history) => {
    const { random, swarm, nodes } = history;
    const node = random.pick(nodes);
    swarm.setNode(node, 'drained');
    history.lasts(random.between(1_000, 60_000), () => {
      swarm.setNode(node, 'ready');
      history.say(`${node} is active`);
    });
    return `${node} is drained`;
  },
  'clock jump': (history) => {
    const manager = history.random.pick([...history.cluster.managers.values()]);
    manager.clockOffsetMs = history.random.pick([-3_600_000, -60_000, -1_000, 1_000, 60_000, 3_600_000]);
    return `the clock of ${manager.name} is ${manager.clockOffsetMs} ms ahead`;
  },
};
