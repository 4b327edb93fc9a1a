/** A port in front of a Unix socket, which can be closed on those who use it and opened again. */
import { connect, createServer, type Socket } from "node:net"

export interface TcpDoor {
  readonly url: string
  /** The same port again. */
  open(): Promise<void>
  /** Connections through it break. */
  close(): Promise<void>
}

export async function openTcpDoor(socketPath: string): Promise<TcpDoor> {
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    const inside = connect(socketPath)
    for (const end of [socket, inside]) {
      sockets.add(end)
      end.on("error", () => undefined).on("close", () => sockets.delete(end))
    }
    socket.pipe(inside).pipe(socket)
  })
  const listen = (port: number) => new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve))
  await listen(0)
  const { port } = listener.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    open: () => listen(port),
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
