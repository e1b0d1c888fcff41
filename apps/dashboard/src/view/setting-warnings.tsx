import type { Overview } from '@vault-swarm/http/api';
import { counted, visible } from '../format.ts';

/** The settings that are dangerous or have no effect: their names and, when opened, the reasons and what to do. */
export function SettingWarnings({ warnings }: Pick<Overview, 'warnings'>) {
  if (warnings.length === 0) return null;
  const names = [...new Set(warnings.map(({ variable }) => variable))].map(visible).join(', ');
  return (
    <details class="warnings">
      <summary>
        <strong>{counted(warnings.length, 'warning')}</strong> about settings: {names}
      </summary>
      <ul>
        {warnings.map(({ code, variable, message }) => (
          <li key={`${code} ${variable} ${message}`}>
            <code>{visible(variable)}</code> {visible(message)} <span class="soft">({code})</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
