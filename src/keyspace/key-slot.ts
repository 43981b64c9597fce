/** The hash slot of a key. The calculation lies below, where the client side reaches it, too. */
export { keySlot, SLOT_COUNT } from '../resp/key-slot.js';
