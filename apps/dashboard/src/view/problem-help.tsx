import { useSignal } from '@preact/signals';
import type { ProblemEntry } from '@vault-swarm/http/api';
import type { ProblemHelp as Help } from '@vault-swarm/http/problem-help';

/** The help for a problem, which is loaded when it is opened. */
export function ProblemHelp({ code }: Pick<ProblemEntry, 'code'>) {
  const help = useSignal<Help | 'failed' | null>(null);
  const load = async () => {
    if (help.value !== null && help.value !== 'failed') return;
    try {
      help.value = (await import('@vault-swarm/http/problem-help')).problemHelp[code];
    } catch {
      help.value = 'failed';
    }
  };
  return (
    <details class="help" onToggle={({ currentTarget }) => currentTarget.open && load()}>
      <summary>
        Help <span class="soft">{code}</span>
      </summary>
      {help.value === 'failed' && <p>The help can't be loaded: run vault-swarm explain {code}</p>}
      {help.value !== null && help.value !== 'failed' && <Opened help={help.value} />}
    </details>
  );
}

function Opened({ help: { meaning, steps, guide } }: { readonly help: Help }) {
  return (
    <>
      <p>{withCode(meaning)}</p>
      <ol>
        {steps.map((step) => (
          <li key={step}>{withCode(step)}</li>
        ))}
      </ol>
      <p class="soft">More in the documents: docs/{guide}</p>
    </>
  );
}

/** What is in backticks is code. */
function withCode(text: string) {
  return text.split(/(`[^`]+`)/).map((part) => {
    return part.startsWith('`') ? <code key={part}>{part.slice(1, -1)}</code> : part;
  });
}
