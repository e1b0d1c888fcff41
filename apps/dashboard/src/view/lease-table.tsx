import type { Lease } from '@vault-swarm/http/api';
import { useEffect } from 'preact/hooks';
import { visible } from '../format.ts';
import { useDashboard } from './context.ts';
import { Ago, Code, Until } from './text.tsx';

/** The credentials of a service that end, up to date while they are shown; nothing if it has none. */
export function LeaseTable({ service }: { readonly service: string }) {
  const dashboard = useDashboard();
  useEffect(() => dashboard.watchLeases(), [dashboard]);
  const leases = dashboard.leases.body.value?.leases.filter((lease) => lease.service === service) ?? [];
  if (leases.length === 0) return null;
  return (
    <div class="leases">
      <table>
        <caption>Credentials that end</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">State</th>
            <th scope="col">Renewed</th>
            <th scope="col">Ends</th>
            <th scope="col">Rolled</th>
            <th scope="col">Ends with</th>
          </tr>
        </thead>
        <tbody>
          {leases.map((lease) => (
            <Row key={lease.id} lease={lease} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const STATES = {
  active: { tone: 'good', word: 'active' },
  replacing: { tone: 'plain', word: 'is being replaced' },
  ended: { tone: 'bad', word: 'has ended' },
  unknown: { tone: 'warn', word: 'not accounted for' },
  unused: { tone: 'plain', word: 'not used' },
} as const;

const HOLDERS = { token: 'its own token', login: "the plugin's login", none: '-' } as const;

function Row({ lease }: { readonly lease: Lease }) {
  const { ref, provider, generation, state, renewable, renewed_at, rolls_at, holder, problem } = lease;
  const { tone, word } = STATES[state];
  const failure = problem === null ? null : `${problem.operation} fails: ${visible(problem.message)}`;
  return (
    <tr>
      <td>
        <Code>{ref ?? provider}</Code> <small class="soft">generation {generation}</small>
      </td>
      <td>
        <span class={`tag ${tone}`}>{word}</span>{' '}
        {lease.ends_too_soon && <span class="tag bad">ends before a rollout can replace it</span>}{' '}
        {failure !== null && <small class="fault">{failure}</small>}
      </td>
      <td data-title="Renewed">
        <Ago time={renewed_at} never={renewable ? '-' : 'never'} />
      </td>
      <td data-title="Ends">
        <Until time={endOf(lease)} unknown="-" />
      </td>
      <td data-title="Rolled">
        <Until time={rolls_at} unknown="-" />
      </td>
      <td data-title="Ends with">{HOLDERS[holder]}</td>
    </tr>
  );
}

/** When it ends as far as it is known: unless it is renewed, if its renewal fails or its last end is not known. */
function endOf({ ends_at: last, expires_at: next, problem }: Lease): string | null {
  return problem?.operation === 'renew' ? (next ?? last) : (last ?? next);
}
