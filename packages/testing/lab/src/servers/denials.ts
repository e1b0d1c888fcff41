/** The operations that a fake denies, as a policy does. */
export class Denials<Operation extends string> {
  readonly #rules = new Set<{ readonly operation: Operation; readonly name: string | undefined }>();

  /** Denies an operation, for one secret or for all. The returned function ends it. */
  readonly deny = (operation: Operation, name?: string): (() => void) => {
    const rule = { operation, name };
    this.#rules.add(rule);
    return () => this.#rules.delete(rule);
  };

  /** Whether an operation is denied for a secret, or, without a name, for all. */
  has(operation: string, name: string | undefined): boolean {
    return [...this.#rules].some(
      (rule) => rule.operation === operation && (rule.name === undefined || rule.name === name),
    );
  }
}
