// The page for users without a session. It is separate: before the sign-in, nothing else of the dashboard is loaded.
import './sign-in.css';

const form = document.querySelector('form');
const failure = document.getElementById('failure');

form?.querySelector('input')?.focus();
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  void signIn(form);
});

async function signIn(form: HTMLFormElement): Promise<void> {
  const button = form.querySelector('button');
  if (button !== null) button.disabled = true;
  const reason = await ask(String(new FormData(form).get('token')));
  if (button !== null) button.disabled = false;
  if (reason === null) {
    localStorage.setItem('vault-swarm.signed-in', 'yes');
    location.reload();
    return;
  }
  if (failure !== null) failure.textContent = reason;
  form.querySelector('input')?.select();
}

/** Why the sign-in failed; `null` if it succeeded. */
async function ask(token: string): Promise<string | null> {
  try {
    const response = await fetch('api/v1/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token }),
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) return null;
    if (response.status === 401) return 'Invalid token.';
    const { detail } = (await response.json()) as { readonly detail?: string };
    return detail ?? `The plugin answered with status ${response.status}.`;
  } catch {
    return 'The plugin is unreachable. Try again.';
  }
}
