// What one person likes, kept in the browser: sizes, folds, columns, theme, saved filters.

/** A setting changed: the detail is its name. */
export const prefsChanged = new EventTarget();

/**
 * @template T
 * @param {string} name
 * @param {T} fallback
 * @returns {T}
 */
export function pref(name, fallback) {
  try {
    const text = localStorage.getItem(`wsproxy.${name}`);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback; // storage is switched off, or holds something else
  }
}

/** @param {string} name @param {unknown} value undefined forgets it */
export function setPref(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(`wsproxy.${name}`);
    else localStorage.setItem(`wsproxy.${name}`, JSON.stringify(value));
  } catch {
    // switched off or full: it holds until the page is left
  }
  prefsChanged.dispatchEvent(new CustomEvent('change', { detail: name }));
}

/** @param {string} name @param {() => void} listener */
export function onPref(name, listener) {
  const heard = (/** @type {Event} */ event) => {
    if (/** @type {CustomEvent<string>} */ (event).detail === name) listener();
  };
  prefsChanged.addEventListener('change', heard);
  return () => prefsChanged.removeEventListener('change', heard);
}
