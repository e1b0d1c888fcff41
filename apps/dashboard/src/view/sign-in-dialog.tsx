import { useSignal } from '@preact/signals';
import { ApiError, reasonOf } from '../api/client.ts';
import { rememberSignedIn } from '../state/signed-in.ts';
import { useDashboard } from './context.ts';
import { ModalDialog } from './modal-dialog.tsx';

/** Requests the token again after the session ended. The page stays unchanged behind it. */
export function SignInDialog() {
  const dashboard = useDashboard();
  const failure = useSignal<string | null>(null);
  const isAsking = useSignal(false);
  const signIn = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const token = String(new FormData(event.currentTarget).get('token'));
    isAsking.value = true;
    try {
      await dashboard.signIn(token);
      rememberSignedIn(true);
    } catch (error) {
      failure.value = error instanceof ApiError && error.status === 401 ? 'Invalid token' : reasonOf(error);
    } finally {
      isAsking.value = false;
    }
  };
  return (
    <ModalDialog title="Sign in">
      <p>The session has ended. The page behind this dialog is kept.</p>
      <form class="sign-in" onSubmit={(event) => void signIn(event)}>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required />
        {failure.value !== null && (
          <p class="bad" role="alert">
            {failure.value}.
          </p>
        )}
        <button type="submit" class="primary" disabled={isAsking.value}>
          Sign in
        </button>
      </form>
    </ModalDialog>
  );
}
