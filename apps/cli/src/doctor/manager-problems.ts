/** The problems of managers: this check lists them, and the plugin's own check does not repeat them. */
const CODES = new Set([
  'LEADER_WITHOUT_PLUGIN',
  'MANAGER_WITHOUT_PLUGIN',
  'LEDGER_KEYS_DIFFER',
  'CLOCKS_DIFFER',
  'PLUGIN_VERSIONS_DIFFER',
  'ANNOUNCEMENT_REFUSED',
]);

/** Whether a problem is one of the managers. */
export function isOfManagers({ code }: { readonly code: string }): boolean {
  return CODES.has(code);
}
