/** The words by which SET and GETEX are told a time to live. */
import { isWord } from '../../resp/ascii.js';
import { MS_FROM_NOW, SECONDS_FROM_NOW, UNIX_MS, UNIX_SECONDS, type ExpireForm } from '../expire-time.js';

/** The form that an option's word announces, or null. */
export function expireFormOf(word: string): ExpireForm | null {
  if (isWord(word, 'ex')) return SECONDS_FROM_NOW;
  if (isWord(word, 'px')) return MS_FROM_NOW;
  if (isWord(word, 'exat')) return UNIX_SECONDS;
  return isWord(word, 'pxat') ? UNIX_MS : null;
}
