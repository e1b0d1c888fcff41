/** The format of a provider's name, which also appears in labels and metrics. */
export const PROVIDER_NAME = /^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$/;
