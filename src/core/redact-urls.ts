/** Redacts URLs: removes credentials and the parameters of a signature. */

/** The parameters of one kind of signature. */
interface Family {
  /** The signature is complete if the URL has all of these. A parameter that only looks like one of them stays. */
  needs: readonly RegExp[];
  /** Parameters to remove from a URL with a complete signature. */
  removes: RegExp;
}

/** Signatures of object stores and content delivery networks. They leave out response overrides and image styles. */
const families: readonly Family[] = [
  // Amazon S3 and compatible stores, version 4 and 2
  { needs: [/^x-amz-signature$/i, /^x-amz-(credential|algorithm)$/i], removes: /^x-amz-/i },
  {
    needs: [/^AWSAccessKeyId$/, /^Signature$/, /^Expires$/],
    removes: /^(AWSAccessKeyId|Signature|Expires|x-amz-security-token)$/i,
  },
  // Google Cloud Storage, version 4 and 2; Cloud CDN
  { needs: [/^x-goog-signature$/i, /^x-goog-(credential|algorithm)$/i], removes: /^x-goog-/i },
  { needs: [/^GoogleAccessId$/, /^Signature$/, /^Expires$/], removes: /^(GoogleAccessId|Signature|Expires)$/ },
  { needs: [/^KeyName$/, /^Signature$/, /^Expires$/], removes: /^(URLPrefix|KeyName|Signature|Expires)$/ },
  // Azure shared access signatures
  {
    needs: [/^sig$/, /^sv$/, /^(se|si)$/],
    removes:
      /^(sv|ss|srt|sr|sp|st|se|si|sip|spr|sig|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid|sdd|ses|sduoid|skdutid)$/,
  },
  // CloudFront
  {
    needs: [/^Key-Pair-Id$/, /^Signature$/, /^(Expires|Policy)$/],
    removes: /^(Expires|Policy|Signature|Key-Pair-Id|Hash-Algorithm)$/,
  },
  // Alibaba Cloud, version 1 and 4; Huawei Cloud; Tencent Cloud
  {
    needs: [/^OSSAccessKeyId$/, /^Signature$/, /^Expires$/],
    removes: /^(OSSAccessKeyId|Signature|Expires|security-token)$/,
  },
  {
    needs: [/^x-oss-signature$/i, /^x-oss-credential$/i],
    removes: /^x-oss-(signature|signature-version|credential|date|expires|security-token|additional-headers)$/i,
  },
  {
    needs: [/^AccessKeyId$/, /^Signature$/, /^Expires$/],
    removes: /^(AccessKeyId|Signature|Expires|x-obs-security-token)$/i,
  },
  {
    needs: [/^q-signature$/, /^q-ak$/],
    removes:
      /^(q-sign-algorithm|q-ak|q-sign-time|q-key-time|q-header-list|q-url-param-list|q-signature|x-cos-security-token)$/,
  },
];

/** Every signature has a parameter with these letters. */
const maybeSigned = /sig/i;

/** Removes the parameters of a complete signature from a URL. Everything else stays as it is written, so an unsigned URL stays unchanged. */
export function withoutSignature(url: string): string {
  if (!maybeSigned.test(url)) return url;
  const [, before = "", query, fragment = ""] = /^([^?#]*)\?([^#]*)(#.*)?$/s.exec(url) ?? [];
  if (query === undefined) return url;
  const parts = query.split("&");
  const names = parts.map(nameOf);
  const found = families.filter(({ needs }) => needs.every((pattern) => names.some((name) => pattern.test(name))));
  if (found.length === 0) return url;
  const unsigned = parts.filter((_, index) => !found.some(({ removes }) => removes.test(names[index] as string)));
  return `${before}${unsigned.length > 0 ? `?${unsigned.join("&")}` : ""}${fragment}`;
}

/** Removes user name, password and signature from a URL. From a text that is not a URL, removes everything before the last `@`. */
export function redactUrl(text: string): string {
  return withoutSignature(withoutCredentials(text));
}

/** Applies `redactUrl` to all URLs in a text, such as an answer of a server. */
export function redactText(text: string): string {
  if (!/:\/\//.test(text) || !/sig|@/i.test(text)) return text;
  return text.replace(/https?:\/\/[^\s"'<>`\\]+/gi, (url) => redactUrl(url));
}

function withoutCredentials(text: string): string {
  const before = URL.canParse(text) ? /^([^:/?#]*:)?[/\\]*[^/\\?#]*@/ : /^([^:/?#]*:)?.*@/s;
  return text.replace(before, (_, scheme: string | undefined) => `${scheme ?? ""}//`);
}

/** Returns the name of a parameter as a server reads it. */
function nameOf(part: string): string {
  const name = part.split("=", 1)[0] ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
