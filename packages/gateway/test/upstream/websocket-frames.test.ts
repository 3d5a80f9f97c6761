import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Writable } from 'node:stream'
import { test } from 'node:test'
import * as library from 'ws'
import {
  buildClose,
  buildMaskedClose,
  FrameFollower,
  PING,
  webSocketAccept,
} from '../../src/upstream/websocket-frames.ts'

/** Parts of the library that its types leave out. */
const { Receiver, Sender } = library as unknown as {
  readonly Receiver: new (options: object) => Writable
  readonly Sender: { frame(payload: Buffer, options: object): readonly Buffer[] }
}

const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]
const OPCODES = { text: 1, binary: 2, close: 8, ping: 9 }

/** As the library of the tests writes it: not the code that is tested. */
function frameOf(payload: Buffer, mask: boolean, opcode = OPCODES.binary, fin = true): Buffer {
  const options = { fin, opcode, mask, readOnly: true, rsv1: false }
  return Buffer.concat(Sender.frame(payload, options))
}

for (const mask of [false, true]) {
  for (const size of SIZES) {
    test(`a ${mask ? 'masked ' : ''}frame of ${size} bytes ends where it ends, however it is cut`, () => {
      const frame = frameOf(randomBytes(size), mask)
      for (const pieceBytes of [1, 2, 3, 7, 1000, frame.length]) {
        if (frame.length / pieceBytes > 5000) continue
        const follower = new FrameFollower()
        for (let at = 0; at < frame.length; at += pieceBytes) {
          follower.follow(frame.subarray(at, at + pieceBytes))
          assert.equal(follower.isAtBoundary, at + pieceBytes >= frame.length)
        }
      }
    })
  }
}

test('of a piece with several frames only the rest of the first one lies before the boundary', () => {
  const [first, second] = [frameOf(randomBytes(300), false), frameOf(randomBytes(20), false)]
  const follower = new FrameFollower()
  follower.follow(first.subarray(0, 100))
  assert.equal(follower.followToBoundary(Buffer.concat([first.subarray(100), second])), first.length - 100)
  assert.ok(follower.isAtBoundary)
  assert.equal(follower.followToBoundary(second), 0)
})

test('a frame whose header is cut is not at a boundary', () => {
  const frame = frameOf(randomBytes(70_000), true)
  for (let length = 1; length < 14; length += 1) {
    const follower = new FrameFollower()
    follower.follow(frame.subarray(0, length))
    assert.equal(follower.isAtBoundary, false, `${length} bytes`)
  }
})

test('between two frames of one message is a boundary', () => {
  const follower = new FrameFollower()
  follower.follow(frameOf(Buffer.from('be'), false, OPCODES.text, false))
  assert.ok(follower.isAtBoundary)
})

test('a close frame is noticed, and nothing else taken for one', () => {
  for (const opcode of Object.values(OPCODES)) {
    const follower = new FrameFollower()
    follower.follow(frameOf(Buffer.from([0x88, 0x00]), true, opcode))
    assert.equal(follower.hasClosed, opcode === OPCODES.close)
  }
})

/** What the other side makes of a frame. */
async function read(frame: Buffer, isServer: boolean): Promise<readonly unknown[]> {
  const receiver = new Receiver({ isServer, allowSynchronousEvents: true })
  const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>()
  receiver.on('conclude', (code: number, reason: Buffer) => resolve([code, String(reason)]))
  receiver.on('ping', (data: Buffer) => resolve(['ping', String(data)]))
  receiver.on('error', reject)
  receiver.write(frame)
  return promise
}

test('our frames are read as what they are', async () => {
  assert.deepEqual(await read(buildClose(4401, 'session ended: user'), false), [4401, 'session ended: user'])
  assert.deepEqual(await read(buildMaskedClose(1001), true), [1001, ''])
  assert.deepEqual(await read(PING, false), ['ping', ''])
})

test('the answer to a key is the one of RFC 6455 section 1.3', () => {
  assert.equal(webSocketAccept('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})
