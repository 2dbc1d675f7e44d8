// Filters that come from what is shown: the line of filter takes them in.

/** List only what this lets through, of what is listed. @param {string} filter */
export const filterBy = (filter) =>
  document.dispatchEvent(new CustomEvent('filter-by', { detail: filter }));

/** Begin a rule that colours rows. @param {string} filter */
export const colourBy = (filter) =>
  document.dispatchEvent(new CustomEvent('colour-by', { detail: filter }));
