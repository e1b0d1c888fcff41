// The dependency rule of docs/architecture.md. Each rule has its reason; .ci/dependency-rules.test.ts shows that each
// one catches what it forbids.
const CORE = '^packages/core/';
const ROTATION = `${CORE}rotation/src/`;
const ADAPTERS = '^packages/adapters/';
const APPS = '^apps/';
const TESTING = '^packages/testing/';
const LAB = '^packages/testing/lab/';
const TESTS = '[.]test[.]ts$|/testing/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-knows-nobody',
      comment: 'Core is plain TypeScript: it is simulated, imported as a library, and reads no clock, file or network.',
      severity: 'error',
      from: { path: CORE, pathNot: TESTS },
      to: { path: `${ADAPTERS}|${APPS}|${TESTING}` },
    },
    {
      name: 'core-has-no-dependency',
      comment:
        "What core uses, every consumer of the library would have to take too. Only its tests use Node's modules.",
      severity: 'error',
      from: { path: CORE, pathNot: TESTS },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'unknown'],
        pathNot: CORE,
      },
    },
    {
      name: 'domains-meet-only-in-provider',
      comment: 'Delivery, rotation and metrics can be used and understood alone; what they share is in provider.',
      severity: 'error',
      from: { path: `${CORE}(delivery|rotation|metrics)/` },
      to: { path: `${CORE}(delivery|rotation|metrics)/`, pathNot: `${CORE}$1/` },
    },
    {
      name: 'provider-knows-only-kernel',
      comment: 'Provider holds the ports that the domains share, so it depends on none of them.',
      severity: 'error',
      from: { path: `${CORE}provider/` },
      to: { path: CORE, pathNot: `${CORE}(provider|kernel)/` },
    },
    {
      name: 'kernel-is-the-root',
      comment: 'Kernel knows time, waiting and bounds, and nothing of secrets: everything else builds on it.',
      severity: 'error',
      from: { path: `${CORE}kernel/` },
      to: { path: CORE, pathNot: `${CORE}kernel/` },
    },
    {
      name: 'rotation-ports-are-the-root',
      comment: 'The ports are what the rotation needs of others: they know nothing of how it works.',
      severity: 'error',
      from: { path: `${ROTATION}ports/`, pathNot: TESTS },
      to: { path: `${ROTATION}`, pathNot: `${ROTATION}(ports/)` },
    },
    {
      name: 'rotation-ledger-knows-only-ports',
      comment: 'What is stored does not depend on how it is used.',
      severity: 'error',
      from: { path: `${ROTATION}ledger/`, pathNot: TESTS },
      to: { path: `${ROTATION}`, pathNot: `${ROTATION}((ports|ledger)/)` },
    },
    {
      name: 'rotation-bindings-know-only-the-ledger',
      comment: 'Which service uses which secret is known before anything is decided.',
      severity: 'error',
      from: { path: `${ROTATION}bindings/`, pathNot: TESTS },
      to: { path: `${ROTATION}`, pathNot: `${ROTATION}((ports|ledger|bindings)/)` },
    },
    {
      name: 'rotation-tasks-know-only-bindings',
      comment: 'Which revision a task has does not depend on what is planned.',
      severity: 'error',
      from: { path: `${ROTATION}tasks/`, pathNot: TESTS },
      to: { path: `${ROTATION}`, pathNot: `${ROTATION}((ports|ledger|bindings|tasks)/)` },
    },
    {
      name: 'rotation-planner-knows-only-tasks',
      comment: 'A plan is a pure function of what was observed. Reading and showing are other parts.',
      severity: 'error',
      from: { path: `${ROTATION}planner/`, pathNot: TESTS },
      to: {
        path: `${ROTATION}`,
        pathNot: `${ROTATION}((ports|ledger|bindings|tasks|planner)/|ticker[.]ts)`,
      },
    },
    {
      name: 'rotation-parts-know-only-the-planner',
      comment:
        'Serving, polling, status, managers and manual requests can each be understood alone; the rotation joins them.',
      severity: 'error',
      from: { path: `${ROTATION}(serving|polling|status|manual|managers)/`, pathNot: TESTS },
      to: {
        path: `${ROTATION}`,
        pathNot: `${ROTATION}((ports|ledger|bindings|tasks|planner|$1)/|ticker[.]ts)`,
      },
    },
    {
      name: 'adapters-know-only-core',
      comment:
        'An adapter is replaceable because nothing but apps knows it, and one outside library does not meet another. ' +
        'The REST client is no adapter: it has no port, and is the outside library of those that need no SDK.',
      severity: 'error',
      from: { path: `${ADAPTERS}([^/]+)/`, pathNot: TESTS },
      to: { path: `${ADAPTERS}|${APPS}|${TESTING}`, pathNot: `${ADAPTERS}($1|rest-client)/` },
    },
    {
      name: 'adapter-tests-know-only-testing',
      comment: "An adapter's tests use the contract suite and the lab, not another adapter.",
      severity: 'error',
      from: { path: `${ADAPTERS}([^/]+)/.*(${TESTS})` },
      to: { path: `${ADAPTERS}|${APPS}`, pathNot: `${ADAPTERS}($1|rest-client)/` },
    },
    {
      name: 'contract-suite-knows-only-core',
      comment: 'Adapter authors install the contract suite: it may bring nothing but the ports.',
      severity: 'error',
      from: { path: TESTING, pathNot: LAB },
      to: { path: `${ADAPTERS}|${APPS}|${LAB}` },
    },
    {
      name: 'lab-knows-no-app',
      comment: 'The lab drives the product from outside, by its commands and sockets.',
      severity: 'error',
      from: { path: LAB },
      to: { path: APPS },
    },
    {
      name: 'dashboard-knows-only-the-api',
      comment:
        'The page talks to the plugin by its API, as every other program does, and brings no other code of ours.',
      severity: 'error',
      from: { path: `${APPS}dashboard/`, pathNot: TESTS },
      to: { path: `${ADAPTERS}|${APPS}|${TESTING}|${CORE}`, pathNot: `${APPS}dashboard/|${ADAPTERS}http/src/api/` },
    },
    {
      name: 'dashboard-takes-only-types',
      comment:
        "The API's schemas bring a library that checks them: browsers load the types, which are nothing. The help for problems is text alone.",
      severity: 'error',
      from: { path: `${APPS}dashboard/`, pathNot: TESTS },
      to: {
        path: `${ADAPTERS}http/`,
        pathNot: `${ADAPTERS}http/src/api/problem-help.ts`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'container-only-in-composition',
      comment: 'Classes get what they need through their constructors and know no container.',
      severity: 'error',
      from: { pathNot: '^apps/plugin/src/composition/' },
      to: { path: 'node_modules/inversify' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other, if only for a type, are one idea, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      comment: 'An import that the rules cannot follow would not be checked by them.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@vault-swarm/source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.d.ts'],
    },
  },
};
