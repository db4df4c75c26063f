/** Bytes that are no message of the protocol. Whoever sent them is told once and cut off. */
export class MalformedMessage extends Error {}

/** Bytes after which nobody knows where the next message begins. Whoever sent them is cut off without a word, as by a server. */
export class LostPlace extends MalformedMessage {}
