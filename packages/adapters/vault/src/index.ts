export { createVaultProvider, type VaultProviderOptions } from './provider.ts';
export { openbao, type VaultOptions, vault } from './vault.ts';
