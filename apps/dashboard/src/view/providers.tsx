import type { Overview } from '@vault-swarm/http/api';
import { formatCount, formatMs, visible } from '../format.ts';
import { Ago, Name } from './text.tsx';

type Provider = Overview['providers'][number];

const WORDS: Readonly<Record<Provider['state'], string>> = {
  ok: 'answers',
  failing: 'fails',
  'circuit-open': 'circuit open',
  unused: 'not called yet',
};

const TONES: Readonly<Record<Provider['state'], string>> = {
  ok: 'good',
  failing: 'bad',
  'circuit-open': 'bad',
  unused: 'plain',
};

const ADVICE: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'The plugin’s own login is rejected: renew its token, or the credentials of its login.',
  ACCESS_DENIED: 'The policy does not allow the plugin to read this path.',
  NOT_FOUND: 'This path does not exist: check the secret’s labels.',
  UNAVAILABLE: 'Check that it runs, is unsealed, and can be reached from this node.',
  RATE_LIMITED: 'It throttles requests: increase the poll interval.',
};

/** The providers and their states. */
export function Providers({ overview: { providers } }: { readonly overview: Overview }) {
  return (
    <section class="panel providers" aria-labelledby="providers-title">
      <h2 id="providers-title">Providers</h2>
      {providers.map((provider) => (
        <ProviderCard key={provider.name} provider={provider} />
      ))}
    </section>
  );
}

function ProviderCard({ provider }: { readonly provider: Provider }) {
  const { name, state, since, error } = provider;
  return (
    <section class="provider" aria-label={`Provider ${visible(name)}`}>
      <h3>
        <Name>{name}</Name>
      </h3>
      <p class="provider-state">
        <span class={`tag ${TONES[state]}`}>{WORDS[state]}</span>{' '}
        {since !== null && state !== 'ok' && (
          <small class="soft">
            since <Ago time={since} never="" />
          </small>
        )}
      </p>
      {error !== null && (
        <p class="provider-error">
          <code>{error.code}</code> {visible(error.message)}
          {ADVICE[error.code] !== undefined && <small class="advice">{ADVICE[error.code]}</small>}
        </p>
      )}
      <dl class="provider-figures">
        <div>
          <dt>p50</dt>
          <dd>{formatMs(provider.latency_p50_ms)}</dd>
        </div>
        <div>
          <dt>p99</dt>
          <dd>{formatMs(provider.latency_p99_ms)}</dd>
        </div>
        <div>
          <dt>Requests</dt>
          <dd>{formatCount(provider.requests)}</dd>
        </div>
        <div>
          <dt>Errors</dt>
          <dd class={provider.errors > 0 ? 'bad' : ''}>{formatCount(provider.errors)}</dd>
        </div>
        <div>
          <dt>Answered</dt>
          <dd>
            <Ago time={provider.last_answer_at} never="never" />
          </dd>
        </div>
      </dl>
    </section>
  );
}
