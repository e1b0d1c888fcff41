/** The part of a CycloneDX component that is read here. */
export interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly purl?: string;
  /** Its parts. */
  readonly components?: readonly Component[];
  readonly [field: string]: unknown;
}
