/**
 * Writes fields as a `.properties` file of Java. The text is pure ASCII, so it is the same for readers that expect
 * ISO 8859-1 and for those that expect UTF-8.
 *
 * @see https://docs.oracle.com/en/java/javase/25/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)
 */
export function propertiesText(fields: readonly (readonly [name: string, text: string])[]): string {
  return fields
    .map(([name, text]) => {
      const key = name.replace(/[^\x21-\x5b\x5d-\x7e]|[=:#!]/g, escaped);
      // Only the first space of a value would be skipped.
      const value = text.replace(/^ |[^\x20-\x5b\x5d-\x7e]/g, escaped);
      return `${key}=${value}\n`;
    })
    .join('');
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' };

/** A UTF-16 unit that has a meaning in the format, or is not ASCII. */
function escaped(unit: string): string {
  return SHORT[unit] ?? (/[ -~]/.test(unit) ? `\\${unit}` : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
