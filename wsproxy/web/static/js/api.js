// The API under /api/v1; docs/api.md describes it.

const ROOT = '/api/v1';

/** A list is a parameter for each. @typedef {Record<string, string | number | boolean | string[] | null | undefined>} Parameters */

/** What the API answered instead: `code` is for programs, the message for people. */
export class ApiError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @param {string} path @param {Parameters} [parameters] */
export const apiUrl = (path, parameters = {}) => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) for (const each of value) query.append(name, each);
    else if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return `${ROOT}${path}${text ? `?${text}` : ''}`;
};

/**
 * @param {string} method
 * @param {string} path
 * @param {{parameters?: Parameters | undefined, body?: unknown, signal?: AbortSignal | undefined}} [options]
 */
async function answer(method, path, { parameters, body, signal } = {}) {
  let response;
  const isFile = body instanceof Blob;
  const type = isFile ? 'application/octet-stream' : 'application/json';
  try {
    response = await fetch(apiUrl(path, parameters), {
      method,
      signal: signal ?? null,
      headers: body === undefined ? {} : { 'Content-Type': type },
      body: body === undefined ? null : isFile ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Error('wsproxy does not answer. Is it still running?');
  }
  if (response.ok) return response;
  const value = await response.json().catch(() => ({}));
  throw new ApiError(
    value.error?.code ?? 'internal',
    value.error?.message ?? `wsproxy answered ${response.status}; its standard error says more`,
  );
}

/**
 * @param {string} path
 * @param {Parameters} [parameters]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} what the path answers, as types.d.ts has it
 */
export const get = async (path, parameters, signal) =>
  (await answer('GET', path, { parameters, signal })).json();

/** @param {string} path @param {unknown} [body] @returns {Promise<any>} */
export const post = async (path, body = {}) => (await answer('POST', path, { body })).json();

/**
 * Send a file as it is.
 * @param {string} path
 * @param {Blob} file
 * @param {Parameters} [parameters]
 * @returns {Promise<any>}
 */
export const postFile = async (path, file, parameters) =>
  (await answer('POST', path, { parameters, body: file })).json();

/** @param {string} path @param {unknown} body @returns {Promise<any>} */
export const patch = async (path, body) => (await answer('PATCH', path, { body })).json();

/** @param {string} path @returns {Promise<any>} */
export const remove = async (path) => (await answer('DELETE', path)).json();

/**
 * What a download would give.
 * @param {string} path
 * @param {Parameters} [parameters]
 * @param {AbortSignal} [signal]
 */
export async function getBytes(path, parameters, signal) {
  const response = await answer('GET', path, { parameters, signal });
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Have the browser save what is at a path.
 * @param {string} path
 * @param {Parameters} [parameters]
 */
export const download = (path, parameters) => save(apiUrl(path, parameters), '');

/** @param {string} url @param {string} name */
function save(url, name) {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}
