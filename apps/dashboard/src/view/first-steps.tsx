/** What to do next, for who has just started the plugin. */
export function FirstSteps({ plugin }: { readonly plugin: string }) {
  return (
    <div class="first-steps">
      <h2>Give the Swarm its first secret</h2>
      <ol>
        <li>
          <p>Name this plugin as a secret’s driver, and say by labels where the value is:</p>
          <pre>
            <code>{`docker secret create --driver ${plugin} \\
  --label vault_path=app/db --label vault_field=password db_password`}</code>
          </pre>
        </li>
        <li>
          <p>Give it to a service. Its tasks find the value in /run/secrets/db_password:</p>
          <pre>
            <code>docker service create --name web --secret db_password IMAGE</code>
          </pre>
        </li>
        <li>
          <p>From then on, a new value at the provider is all that a rotation takes; you see it here.</p>
        </li>
      </ol>
    </div>
  );
}
