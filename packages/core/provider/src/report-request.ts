import { ProviderError, type ProviderErrorCode } from './provider-error.ts';
import type { ProviderTools } from './provider-module.ts';

/**
 * Sends one request to a provider with `send`, and emits its event `provider.request-completed`. Resolves and rejects
 * as `send` does. An error that is no {@link ProviderError} is reported as `UNAVAILABLE`.
 *
 * @param operation its purpose: a fixed word such as `read` or `probe`.
 */
export async function reportRequest<T>(
  { name: provider, clock, events }: Pick<ProviderTools, 'name' | 'clock' | 'events'>,
  operation: string,
  send: () => Promise<T>,
): Promise<T> {
  const startedAtMs = clock.monotonic();
  const report = (outcome: 'ok' | ProviderErrorCode) => {
    const durationMs = clock.monotonic() - startedAtMs;
    events.emit({ type: 'provider.request-completed', provider, operation, outcome, durationMs });
  };
  try {
    const result = await send();
    report('ok');
    return result;
  } catch (error) {
    report(error instanceof ProviderError ? error.code : 'UNAVAILABLE');
    throw error;
  }
}
