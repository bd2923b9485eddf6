/** Detects MPEG transport streams, by the streams in their program map. */

import type { Found } from "../found.js";

/** Types of streams in a program map. */
const videoTypes = new Set([0x01, 0x02, 0x10, 0x1b, 0x1e, 0x20, 0x21, 0x24, 0x33, 0x42, 0xd1, 0xea]);
const audioTypes = new Set([0x03, 0x04, 0x0f, 0x11, 0x1c, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87]);

/** Describes a transport stream by its first packets; returns undefined for other content. A stream with a later program map counts as video. */
export function readTransportStream(head: Buffer): Found | undefined {
  const size = [188, 192, 204].find((length) => isMarked(head, length));
  if (size === undefined) return undefined;
  let map: number | undefined;
  for (let at = size === 192 ? 4 : 0; at + 188 <= head.length; at += size) {
    const packet = head.subarray(at, at + 188);
    const section = sectionOf(packet);
    const pid = packet.readUInt16BE(1) & 0x1fff;
    if (pid === 0 && section?.[0] === 0) map = programMap(section);
    if (pid === map && section?.[0] === 2) {
      const types = streamTypes(section);
      const isSound = types.some((type) => audioTypes.has(type)) && !types.some((type) => videoTypes.has(type));
      if (isSound) return { kind: "audio", mimeType: "audio/mp2t" };
      break;
    }
  }
  return { kind: "video", mimeType: "video/mp2t" };
}

/** Whether packets have a sync byte: packets of 188 bytes, or of 192 or 204 with extra bytes. */
function isMarked(head: Buffer, size: number): boolean {
  const first = size === 192 ? 4 : 0;
  for (let at = first; at < head.length; at += size) if (head[at] !== 0x47) return false;
  return head.length > first + size;
}

/** Returns the table that begins in a packet. */
function sectionOf(packet: Buffer): Buffer | undefined {
  const begins = ((packet[1] as number) & 0x40) !== 0;
  const adaptation = ((packet[3] as number) & 0x20) !== 0 ? 1 + (packet[4] as number) : 0;
  const start = 4 + adaptation;
  return begins && start < 180 ? packet.subarray(start + 1 + (packet[start] as number)) : undefined;
}

function programMap(section: Buffer): number | undefined {
  for (let at = 8; at + 4 <= section.length; at += 4) {
    if (section.readUInt16BE(at) !== 0) return section.readUInt16BE(at + 2) & 0x1fff;
  }
  return undefined;
}

function streamTypes(section: Buffer): number[] {
  const types: number[] = [];
  if (section.length < 12) return types;
  const end = Math.min(3 + (section.readUInt16BE(1) & 0xfff) - 4, section.length);
  for (let at = 12 + (section.readUInt16BE(10) & 0xfff); at + 5 <= end; ) {
    types.push(section[at] as number);
    at += 5 + (section.readUInt16BE(at + 3) & 0xfff);
  }
  return types;
}
