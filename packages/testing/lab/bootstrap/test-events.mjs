// A vitest reporter that appends each event as a line of JSON to the file in VAULT_SWARM_TEST_EVENTS. test-run.mjs reads it:
// several vitest processes run at once, and the events of a killed one are kept.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

const keyOf = ({ project, moduleId }) => `${project.name} ${moduleId}`;
const report = (event) => appendFileSync(process.env.VAULT_SWARM_TEST_EVENTS, `${JSON.stringify(event)}\n`);

export default class TestEvents {
  #vitest;
  #startedAtMs = new Map();

  onInit(vitest) {
    this.#vitest = vitest;
  }

  onTestRunStart(specifications) {
    report({
      type: 'files',
      files: specifications.map(({ moduleId, project }) => ({ file: this.#nameOf(moduleId), project: project.name })),
    });
  }

  onTestModuleQueued(module) {
    this.#startedAtMs.set(keyOf(module), performance.now());
    report({ type: 'started', file: this.#nameOf(module.moduleId), project: module.project.name });
  }

  onTestModuleEnd(module) {
    const tests = [...module.children.allTests()];
    const inState = (state) => tests.filter((test) => test.result().state === state);
    const failures = [module, ...module.children.allSuites(), ...inState('failed')].flatMap((task) =>
      errorsOf(task).map((error) => ({
        name: task.fullName ?? '',
        text: this.#vitest.logger.formatError(error, { project: module.project, showCodeFrame: true }).output.trimEnd(),
      })),
    );
    report({
      type: 'ended',
      file: this.#nameOf(module.moduleId),
      project: module.project.name,
      seconds: (performance.now() - this.#startedAtMs.get(keyOf(module))) / 1000,
      passed: inState('passed').length,
      // An error outside of a test (in the file or a hook) counts as one failure.
      failed: inState('failed').length || (module.ok() && failures.length === 0 ? 0 : 1),
      skipped: inState('skipped').map(({ fullName }) => fullName),
      failures,
    });
  }

  onTestRunEnd(_modules, errors) {
    report({ type: 'done', errors: errors.map((error) => this.#vitest.logger.formatError(error).output.trimEnd()) });
  }

  #nameOf(moduleId) {
    return relative(this.#vitest.config.root, moduleId);
  }
}

function errorsOf(task) {
  if (task.type === 'test') return task.result().errors ?? [];
  return task.errors();
}
