// The API under /api/v1; docs/api.md describes it.

const ROOT = '/api/v1';

export const apiUrl = (path, parameters = {}) => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return `${ROOT}${path}${text ? `?${text}` : ''}`;
};

async function request(method, path, { parameters, body, signal } = {}) {
  let response;
  try {
    response = await fetch(apiUrl(path, parameters), {
      method,
      signal,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error('wsproxy does not answer; is it still running?');
  }
  const value = await response.json();
  if (!response.ok) {
    const error = new Error(value.error.message);
    error.code = value.error.code;
    throw error;
  }
  return value;
}

export const get = (path, parameters, signal) => request('GET', path, { parameters, signal });
export const post = (path, body = {}) => request('POST', path, { body });
export const patch = (path, body) => request('PATCH', path, { body });
export const remove = (path) => request('DELETE', path);

/** What a download would give. */
export async function getBytes(path) {
  const response = await fetch(apiUrl(path));
  if (!response.ok) throw new Error((await response.json()).error.message);
  return new Uint8Array(await response.arrayBuffer());
}

/** Have the browser save what is at a path. */
export function download(path, parameters) {
  const link = document.createElement('a');
  link.href = apiUrl(path, parameters);
  link.download = '';
  link.click();
}
