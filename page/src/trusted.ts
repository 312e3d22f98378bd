// The page's policy for addresses of scripts: its own files, each by name. There is no policy for markup, so
// nothing on the page can turn text into elements.

const FILES = /\/(engine-worker|service-worker)\.js$/;

interface Policy {
  createScriptURL(address: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): Policy;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("whygrad", {
  createScriptURL: (address) => {
    const whole = new URL(address, document.baseURI);
    if (whole.origin !== location.origin || !FILES.test(whole.pathname)) throw new TypeError("no script of the page");
    return whole.href;
  },
});

export function trustedScript(address: string): string {
  return (policy ? policy.createScriptURL(address) : address) as string;
}
