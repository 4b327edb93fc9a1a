/**
 * Which names and addresses mean this machine. Anything else is refused, in listening and in Host headers.
 */

const PORT = /^:\d{1,5}$/

/** `localhost`, 127.0.0.0/8 or `::1`, as one gives it to listen on. */
export function isLoopbackAddress(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || isLoopbackIpv4(host)
}

/** The value of a Host header, with or without a port. */
export function isLoopbackAuthority(authority: string): boolean {
  const text = authority.toLowerCase()
  if (text.startsWith("[::1]")) return isPortSuffix(text.slice("[::1]".length))
  const colon = text.indexOf(":")
  const name = colon < 0 ? text : text.slice(0, colon)
  if (colon >= 0 && !isPortSuffix(text.slice(colon))) return false
  return name === "localhost" || isLoopbackIpv4(name)
}

function isPortSuffix(text: string): boolean {
  return text === "" || PORT.test(text)
}

function isLoopbackIpv4(text: string): boolean {
  const parts = text.split(".")
  return parts.length === 4 && parts[0] === "127" && parts.every(isOctet)
}

function isOctet(text: string): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255
}
