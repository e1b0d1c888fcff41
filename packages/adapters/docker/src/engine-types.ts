// The fields that we use of the engine's responses. All may be missing: the engine omits empty fields.

export interface EngineSecret {
  readonly ID: string;
  readonly Spec?: {
    readonly Name?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Driver?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> | null };
  };
}

/** The template of tasks: the service's, and each task's own copy. */
export interface EngineTaskSpec {
  readonly ForceUpdate?: number;
  readonly Runtime?: string;
  /** The delay is in nanoseconds. */
  readonly RestartPolicy?: { readonly Delay?: number };
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
  /** The spec before the latest update. */
  readonly PreviousSpec?: { readonly TaskTemplate?: EngineTaskSpec };
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string; readonly StartedAt?: string };
}

export interface EngineTask {
  readonly ID: string;
  readonly ServiceID?: string;
  readonly NodeID?: string;
  readonly Slot?: number;
  readonly CreatedAt?: string;
  readonly UpdatedAt?: string;
  readonly DesiredState?: string;
  readonly Spec?: EngineTaskSpec;
  readonly Status?: {
    readonly State?: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly Timestamp?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string };
  };
}

export interface EngineNode {
  readonly ID: string;
  readonly UpdatedAt?: string;
  readonly Spec?: { readonly Availability?: string };
  readonly Status?: { readonly State?: string };
}

/** A node that is a manager. */
export interface EngineManager {
  readonly ID: string;
  readonly UpdatedAt?: string;
  readonly Spec?: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly Description?: {
    readonly Hostname?: string;
    readonly Engine?: { readonly Plugins?: readonly { readonly Type?: string; readonly Name?: string }[] | null };
  };
  readonly Status?: { readonly State?: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability?: string };
}

export interface EngineInfo {
  readonly Swarm?: {
    readonly NodeID?: string;
    readonly LocalNodeState?: string;
    readonly ControlAvailable?: boolean;
    readonly Error?: string;
  };
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
