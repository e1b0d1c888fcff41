/** The next steps for a user who has just started the plugin. */
export function FirstSteps({ plugin }: { readonly plugin: string }) {
  return (
    <div class="first-steps">
      <h2>Create the first secret</h2>
      <ol>
        <li>
          <p>Name this plugin as the secret’s driver, and say with labels where the value is:</p>
          <pre>
            <code>{`docker secret create --driver ${plugin} \\
  --label vault_path=app/db --label vault_field=password db_password`}</code>
          </pre>
        </li>
        <li>
          <p>Add it to a service. Its tasks find the value in /run/secrets/db_password:</p>
          <pre>
            <code>docker service create --name web --secret db_password IMAGE</code>
          </pre>
        </li>
        <li>
          <p>To rotate the secret, write a new value at the provider; this page shows the rollout.</p>
        </li>
      </ol>
    </div>
  );
}
