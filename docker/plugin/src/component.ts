/** A component of a CycloneDX document, as far as it is read here. */
export interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly purl?: string;
  /** Its parts. */
  readonly components?: readonly Component[];
  readonly [field: string]: unknown;
}
