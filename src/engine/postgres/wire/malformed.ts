/** Bytes that are no message of the protocol. Whoever sent them is told once and cut off. */
export class MalformedMessage extends Error {}
