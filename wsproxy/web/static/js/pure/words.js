// Finding by words, in any order and case.

/**
 * What says whether a text has all words that somebody typed.
 * @param {string} typed
 * @returns {(text: string) => boolean}
 */
export function hasWords(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
}
