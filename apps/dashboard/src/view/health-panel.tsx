import type { Overview, ProblemEntry } from '@vault-swarm/http/api';
import { formatUptime, listed, visible } from '../format.ts';
import { isConnected } from '../state/connection.ts';
import { detailOf, type HealthLevel, healthOf, levelOf } from '../state/health.ts';
import { useDashboard } from './context.ts';
import { HealthSign } from './icons.tsx';
import { leaderOf } from './managers.tsx';
import { ProblemHelp } from './problem-help.tsx';
import { RotateButton } from './rotate-button.tsx';
import { Age, Ago } from './text.tsx';

/** The health of the plugin, its problems, and what to do. */
export function HealthPanel({ overview }: { readonly overview: Overview }) {
  const dashboard = useDashboard();
  const health = healthOf(overview, dashboard.clock.nowMs.value);
  return (
    <section class={`health level-${health.level}`} aria-labelledby="health-title">
      <HealthSign level={health.level} />
      <div class="health-words">
        <h1 id="health-title">{health.title}</h1>
        <p>{health.explanation}</p>
      </div>
      <Facts overview={overview} level={health.level} />
      <div class="health-actions">
        <button
          type="button"
          disabled={!isConnected(dashboard.connection.state.value)}
          onClick={() => dashboard.showPlan({ due: true })}
        >
          Show what is due
        </button>
      </div>
      {health.problems.length > 0 && (
        <ul class="problems">
          {health.problems.map((problem) => (
            <Problem key={`${problem.code} ${problem.message}`} problem={problem} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Problem({ problem }: { readonly problem: ProblemEntry }) {
  const { code, severity, summary, action, since, services, affected } = problem;
  const detail = detailOf(problem);
  return (
    <li class={`tone-${levelOf(severity)}`}>
      <h2>
        {visible(summary)}{' '}
        <small class="soft">
          since <Age time={since} />
        </small>
      </h2>
      {detail !== '' && <p class="details">{visible(detail)}</p>}
      {affected.services > 0 && (
        <p class="soft affected" title={services.map(visible).join(', ')}>
          Affects {visible(listed(services, 3))}
          {affected.services > services.length && ` and ${affected.services - services.length} more`}
        </p>
      )}
      <p class="advice">{withWholeOptions(visible(action))}</p>
      <ProblemHelp code={code} />
      {code === 'VALUE_QUARANTINED' && (
        <RotateButton request={{ quarantined: true }}>Retry quarantined revisions…</RotateButton>
      )}
    </li>
  );
}

/** The text, in which no option such as `--quarantined` is broken at its hyphens. */
function withWholeOptions(text: string) {
  return text.split(/(\s--[\w-]+)/).map((part) =>
    part.startsWith(' --') ? (
      <span key={part} class="option">
        {part}
      </span>
    ) : (
      part
    ),
  );
}

const ROLES = {
  leader: 'Leader',
  standby: 'Standby',
  worker: 'Worker',
} as const;

const ROLE_WORDS = {
  leader: 'this node updates services',
  standby: 'another node updates services',
  worker: 'this node serves nothing',
} as const;

/** The words of the monitoring guide, if the plugin itself is healthy. */
const HEALTH_WORDS: Readonly<Record<HealthLevel, string>> = {
  bad: 'Degraded',
  warn: 'Degraded',
  busy: 'Healthy',
  good: 'Healthy',
  idle: 'Healthy',
};

function Facts({ overview, level }: { readonly overview: Overview; readonly level: HealthLevel }) {
  const { role, plugin } = overview;
  const leader = leaderOf(overview);
  return (
    <dl class="facts">
      <div>
        <dt>Health</dt>
        <dd>{overview.healthy ? HEALTH_WORDS[level] : 'Unhealthy'}</dd>
      </div>
      <div>
        <dt>Role</dt>
        <dd>
          {role === null ? (
            <span class="soft">not known yet</span>
          ) : (
            <>
              <span title={ROLE_WORDS[role]}>{ROLES[role]}</span>
              {role === 'standby' && leader !== null && <small class="soft"> of {visible(leader)}</small>}
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Uptime</dt>
        <dd>{formatUptime(plugin.uptime_seconds)}</dd>
      </div>
      <div>
        <dt>Last reconcile</dt>
        <dd>
          {overview.rotation_enabled ? (
            <Ago time={overview.heartbeat_at} never="none yet" />
          ) : (
            <span class="soft">off</span>
          )}
        </dd>
      </div>
      <div>
        <dt>Swarm observed</dt>
        <dd>
          {overview.observed_at === null ? (
            <span class="soft">not yet</span>
          ) : (
            <>
              <Age time={overview.observed_at} /> ago
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Polls every</dt>
        <dd>{overview.interval_seconds} s</dd>
      </div>
    </dl>
  );
}
