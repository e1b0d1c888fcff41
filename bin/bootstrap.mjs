// bootstrap.mjs demo|test|test:swarm|fuzz|soak|bench|build|plugin:build|docs:build|audit|simulate [ARGUMENT…]: what `npm run demo`, `npm test` and so on
// do, on any machine with Node ≥ 20 and npm: it runs on the system's Node and has no dependency; all the rest is installed
// by it, as pinned.
import { audit } from '../packages/testing/lab/bootstrap/audit.mjs';
import { bench } from '../packages/testing/lab/bootstrap/bench.mjs';
import { demo } from '../packages/testing/lab/bootstrap/demo.mjs';
import { buildDocuments } from '../packages/testing/lab/bootstrap/documents.mjs';
import { fuzz } from '../packages/testing/lab/bootstrap/fuzz.mjs';
import { build, buildPlugin, checkMachine, install } from '../packages/testing/lab/bootstrap/project.mjs';
import { simulate } from '../packages/testing/lab/bootstrap/simulate.mjs';
import { soak } from '../packages/testing/lab/bootstrap/soak.mjs';
import { SetupError } from '../packages/testing/lab/bootstrap/step.mjs';
import { testSwarm } from '../packages/testing/lab/bootstrap/swarm.mjs';
import { test } from '../packages/testing/lab/bootstrap/tests.mjs';

const commands = {
  audit,
  demo,
  test,
  simulate,
  'test:swarm': testSwarm,
  fuzz,
  soak,
  bench,
  build: async () => {
    await install();
    await build();
    return 0;
  },
  'plugin:build': async (args) => {
    await install();
    await buildPlugin({ tell: true, args });
    return 0;
  },
  'docs:build': async () => {
    await install();
    await buildDocuments();
    return 0;
  },
};

const [name, ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
try {
  if (command === undefined) throw new SetupError(`usage: bootstrap.mjs ${Object.keys(commands).join('|')}`);
  checkMachine();
  process.exitCode = await command(args);
} catch (error) {
  process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
