// The servers and programs that the tests need: found, built or downloaded once per machine.
import { fileURLToPath } from 'node:url';
import { projectEnv } from './project.mjs';
import { commandStep } from './step.mjs';
import { prepareBrowser, prepareDownload, prepareEngine, preparePostgres, prepareVaultBuild } from './system.mjs';

/** Finds or builds a Vault server. Resolves to its program, or to the reason why there is none. */
export async function prepareVault() {
  const problem = process.env.VAULT_BIN ? undefined : await prepareVaultBuild();
  const { found, ...why } = problem === undefined ? await find('a Vault server', './vault-path.mjs') : { problem };
  return { vault: found, ...why };
}

/**
 * Prepares all servers and programs of the tests. Resolves to the environment that names them, and to what is `missing`: the
 * reason by `engine`, `vault`, `openbao`, `emulators`, `prometheus`, `postgres` and `browser`.
 */
export async function prepareServers() {
  // The system's package manager can't run twice at the same time.
  const engine = await prepareEngine();
  const browser = await prepareBrowser();
  const postgresInstall = await preparePostgres();
  const vaultBuild = process.env.VAULT_BIN ? undefined : await prepareVaultBuild();
  const download = process.env.OPENBAO_BIN && process.env.EMULATORS_PATH ? undefined : await prepareDownload();
  const get = async (problem, what, script) => (problem === undefined ? find(what, script) : { problem });
  const [vault, openbao, emulators, prometheus, postgres] = await Promise.all([
    get(vaultBuild, 'a Vault server', './vault-path.mjs'),
    get(process.env.OPENBAO_BIN ? undefined : download, 'an OpenBao server', './openbao-path.mjs'),
    get(process.env.EMULATORS_PATH ? undefined : download, 'emulators of clouds', './emulators-path.mjs'),
    get(undefined, 'Prometheus', './prometheus-path.mjs'),
    get(postgresInstall, 'PostgreSQL', './postgres-path.mjs'),
  ]);
  const env = {
    VAULT_BIN: vault.found,
    OPENBAO_BIN: openbao.found,
    EMULATORS_PATH: emulators.found,
    PROMETHEUS_BIN: prometheus.found,
    POSTGRES_BIN: postgres.found,
  };
  const missing = {
    engine,
    browser,
    vault: vault.problem,
    openbao: openbao.problem,
    emulators: emulators.problem,
    prometheus: prometheus.problem,
    postgres: postgres.problem,
  };
  return { env: withoutUndefined(env), missing: withoutUndefined(missing) };
}

const withoutUndefined = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

async function find(what, script) {
  const args = ['--conditions=@vault-swarm/source', fileURLToPath(new URL(script, import.meta.url))];
  try {
    return { found: await commandStep(`finding ${what}`, 'node', args, { env: projectEnv(), show: true }) };
  } catch (error) {
    return { problem: error.message };
  }
}
