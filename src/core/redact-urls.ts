/** Redacts URLs: removes credentials and the parameters of a signature. */

/** The parameters of a signature. They count only where all of `needs` are present: a parameter that only looks like one stays. */
interface Family {
  needs: readonly RegExp[];
  takes: RegExp;
}

/** Sets of parameters that object stores and content networks sign URLs with. Response overrides and image styles are not part of them. */
const families: readonly Family[] = [
  // Amazon S3 and what speaks like it, version 4 and 2
  { needs: [/^x-amz-signature$/i, /^x-amz-(credential|algorithm)$/i], takes: /^x-amz-/i },
  {
    needs: [/^AWSAccessKeyId$/, /^Signature$/, /^Expires$/],
    takes: /^(AWSAccessKeyId|Signature|Expires|x-amz-security-token)$/i,
  },
  // Google Cloud Storage, version 4 and 2; Cloud CDN
  { needs: [/^x-goog-signature$/i, /^x-goog-(credential|algorithm)$/i], takes: /^x-goog-/i },
  { needs: [/^GoogleAccessId$/, /^Signature$/, /^Expires$/], takes: /^(GoogleAccessId|Signature|Expires)$/ },
  { needs: [/^KeyName$/, /^Signature$/, /^Expires$/], takes: /^(URLPrefix|KeyName|Signature|Expires)$/ },
  // Azure shared access signatures
  {
    needs: [/^sig$/, /^sv$/, /^(se|si)$/],
    takes:
      /^(sv|ss|srt|sr|sp|st|se|si|sip|spr|sig|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid|sdd|ses|sduoid|skdutid)$/,
  },
  // CloudFront
  {
    needs: [/^Key-Pair-Id$/, /^Signature$/, /^(Expires|Policy)$/],
    takes: /^(Expires|Policy|Signature|Key-Pair-Id|Hash-Algorithm)$/,
  },
  // Alibaba Cloud, version 1 and 4; Huawei Cloud; Tencent Cloud
  {
    needs: [/^OSSAccessKeyId$/, /^Signature$/, /^Expires$/],
    takes: /^(OSSAccessKeyId|Signature|Expires|security-token)$/,
  },
  {
    needs: [/^x-oss-signature$/i, /^x-oss-credential$/i],
    takes: /^x-oss-(signature|signature-version|credential|date|expires|security-token|additional-headers)$/i,
  },
  {
    needs: [/^AccessKeyId$/, /^Signature$/, /^Expires$/],
    takes: /^(AccessKeyId|Signature|Expires|x-obs-security-token)$/i,
  },
  {
    needs: [/^q-signature$/, /^q-ak$/],
    takes:
      /^(q-sign-algorithm|q-ak|q-sign-time|q-key-time|q-header-list|q-url-param-list|q-signature|x-cos-security-token)$/,
  },
];

/** What every family has in it; URLs without it are not looked at any further. */
const maybeSigned = /sig/i;

/** A URL without the parameters of a complete signature; all else stays as it is written, so that unsigned URLs come back unchanged. */
export function withoutSignature(url: string): string {
  if (!maybeSigned.test(url)) return url;
  const [, before = "", query, fragment = ""] = /^([^?#]*)\?([^#]*)(#.*)?$/s.exec(url) ?? [];
  if (query === undefined) return url;
  const parts = query.split("&");
  const names = parts.map(nameOf);
  const found = families.filter(({ needs }) => needs.every((one) => names.some((name) => one.test(name))));
  if (found.length === 0) return url;
  const kept = parts.filter((_, index) => !found.some(({ takes }) => takes.test(names[index] as string)));
  return `${before}${kept.length > 0 ? `?${kept.join("&")}` : ""}${fragment}`;
}

/** A URL for people to read: without user name, password and signature. Of text that is not a URL, nothing before the last `@` is shown. */
export function redactUrl(text: string): string {
  return withoutSignature(withoutCredentials(text));
}

/** A text for people to read, such as an answer of a server: the URLs in it as `redactUrl` gives them. */
export function redactText(text: string): string {
  if (!/:\/\//.test(text) || !/sig|@/i.test(text)) return text;
  return text.replace(/https?:\/\/[^\s"'<>`\\]+/gi, (url) => redactUrl(url));
}

function withoutCredentials(text: string): string {
  const before = URL.canParse(text) ? /^([^:/?#]*:)?[/\\]*[^/\\?#]*@/ : /^([^:/?#]*:)?.*@/s;
  return text.replace(before, (_, scheme: string | undefined) => `${scheme ?? ""}//`);
}

/** The parameter's name, as a server would read it. */
function nameOf(part: string): string {
  const name = part.split("=", 1)[0] ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
