/** A driver's or plugin's name without its tag: `registry:5000/org/name:latest` is `registry:5000/org/name`. */
export function withoutTag(name: string): string {
  return name.replace(/:[^:/]*$/, '');
}
