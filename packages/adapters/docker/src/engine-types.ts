// The parts that are used of the engine's answers. All may be missing: empty fields are left out.

export interface EngineSecret {
  readonly ID: string;
  readonly Spec?: {
    readonly Name?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Driver?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> | null };
  };
}

/** What tasks are made from: the service's template, and each task's own copy of it. */
export interface EngineTaskSpec {
  readonly ForceUpdate?: number;
  readonly Runtime?: string;
  readonly ContainerSpec?: {
    readonly Image?: string;
    readonly Secrets?: readonly { readonly SecretID?: string }[] | null;
  };
}

export interface EngineService {
  readonly ID: string;
  readonly Version?: { readonly Index?: number };
  readonly Spec?: {
    readonly Name?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Mode?: {
      readonly Replicated?: { readonly Replicas?: number };
      readonly Global?: object;
      readonly ReplicatedJob?: object;
      readonly GlobalJob?: object;
    };
    readonly TaskTemplate?: EngineTaskSpec;
  };
  /** As it was before its latest update. */
  readonly PreviousSpec?: { readonly TaskTemplate?: EngineTaskSpec };
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string; readonly StartedAt?: string };
}

export interface EngineTask {
  readonly ID: string;
  readonly ServiceID?: string;
  readonly NodeID?: string;
  readonly CreatedAt?: string;
  readonly UpdatedAt?: string;
  readonly DesiredState?: string;
  readonly Spec?: EngineTaskSpec;
  readonly Status?: { readonly State?: string; readonly Message?: string; readonly Err?: string };
}

export interface EngineNode {
  readonly ID: string;
  readonly UpdatedAt?: string;
  readonly Spec?: { readonly Availability?: string };
  readonly Status?: { readonly State?: string };
}

export interface EngineConfig {
  readonly ID: string;
  readonly Version?: { readonly Index?: number };
  readonly UpdatedAt?: string;
  readonly Spec?: {
    readonly Name?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    /** Base64. */
    readonly Data?: string;
  };
}
