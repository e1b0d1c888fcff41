import { useComputed } from '@preact/signals';
import { formatAge } from '../format.ts';
import { rememberSignedIn, signedIn } from '../state/signed-in.ts';
import { type Theme, theme, themes } from '../state/theme.ts';
import { useDashboard } from './context.ts';
import { Brand } from './icons.tsx';
import { Name } from './text.tsx';

/** The bar at the top: the plugin, the age of the data, and the user's controls. */
export function Header() {
  const { overview } = useDashboard();
  const plugin = overview.value?.plugin;
  return (
    <header class="bar">
      <div class="bar-name">
        <Brand />
        <span class="plugin-name">{plugin === undefined ? 'Vault Swarm Plugin' : <Name>{plugin.name}</Name>}</span>
        {plugin !== undefined && <span class="soft version">{plugin.version}</span>}
      </div>
      {overview.value?.access === 'view' && (
        <span class="tag" title="Sign in with the full token to rotate">
          read-only
        </span>
      )}
      <Freshness />
      <ThemeChoice />
      {signedIn.value && <SignOut />}
    </header>
  );
}

function Freshness() {
  const { clock, connection } = useDashboard();
  const kind = connection.state.value.kind;
  const age = useComputed(() => (clock.dataAgeMs.value === null ? '' : `data ${formatAge(clock.dataAgeMs.value)} old`));
  return (
    <div class={`freshness is-${kind}`}>
      <span class="dot" aria-hidden="true" />
      <span class="freshness-word">{WORDS[kind]}</span>
      <span class="soft age">{age}</span>
    </div>
  );
}

const WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  crowded: 'Asks every 30 s',
  lost: 'Not connected',
  retrying: 'Connecting',
  'signed-out': 'Signed out',
} as const;

const THEME_WORDS: Readonly<Record<Theme, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' };

function ThemeChoice() {
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select
        value={theme.value}
        onChange={({ currentTarget }) => {
          theme.value = themes.find((name) => name === currentTarget.value) ?? 'auto';
        }}
      >
        {themes.map((name) => (
          <option key={name} value={name}>
            {THEME_WORDS[name]}
          </option>
        ))}
      </select>
    </label>
  );
}

function SignOut() {
  const dashboard = useDashboard();
  const signOut = async () => {
    await dashboard.api.signOut();
    rememberSignedIn(false);
    // After signing out, no names stay on the screen: the plugin answers with the sign-in page.
    location.reload();
  };
  return (
    <button type="button" class="quiet" onClick={() => void signOut()}>
      Sign out
    </button>
  );
}
