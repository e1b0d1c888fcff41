// Prints where the Vault server for the tests is; builds it first if need be. Run by the pinned Node.
import { findVault } from '../src/servers/vault-binary.ts';

process.stdout.write(await findVault());
