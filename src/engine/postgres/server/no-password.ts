/** The password was asked for, and nobody gave one. */
export class NoPasswordError extends Error {}
