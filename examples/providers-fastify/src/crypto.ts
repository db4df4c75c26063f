import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { settings } from './settings.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const FORMAT = 'v1';

/**
 * Encrypts a secret for storage as `v1.iv.tag.text`, the parts in base64url.
 *
 * `owner` is authenticated but not stored: the text opens for the same owner only, so a sealed
 * token that is copied to another row is worthless there.
 */
export function seal(secret: string, owner: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, settings.encryptionKey, iv).setAAD(Buffer.from(owner));
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);

  return [FORMAT, ...[iv, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('.');
}

/**
 * Decrypts what {@link seal} made for this owner.
 *
 * @throws Error when the text was changed, belongs to another owner or was sealed with another key.
 */
export function open(sealed: string, owner: string): string {
  const [format, iv, tag, text] = sealed.split('.');

  if (format !== FORMAT || iv === undefined || tag === undefined || text === undefined) {
    throw new Error('This is not a sealed secret.');
  }

  const decipher = createDecipheriv(ALGORITHM, settings.encryptionKey, Buffer.from(iv, 'base64url'), {
    authTagLength: 16,
  });
  decipher.setAAD(Buffer.from(owner)).setAuthTag(Buffer.from(tag, 'base64url'));

  return decipher.update(text, 'base64url', 'utf8') + decipher.final('utf8');
}
