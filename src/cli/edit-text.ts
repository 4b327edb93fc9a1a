/** Lets a person change a text in their own editor. */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { wrongUsage } from "./errors.ts"

/** @throws wrong-usage when there is no editor, or it fails. */
export async function editText(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const editor = environment["VISUAL"] ?? environment["EDITOR"]
  if (editor === undefined || editor.trim() === "") {
    throw wrongUsage("no editor is named by EDITOR or VISUAL; give the row with --value or --file")
  }
  const directory = mkdtempSync(join(tmpdir(), "millrace-edit-"))
  try {
    const file = join(directory, "row.json")
    writeFileSync(file, `${text}\n`)
    await opened(editor, file)
    return readFileSync(file, "utf8")
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** EDITOR may carry arguments ("code --wait"); the file is one of its own, whatever its path has in it. */
function opened(editor: string, file: string): Promise<void> {
  const [command, ...args] = editor.trim().split(/\s+/)
  return new Promise((resolve, reject) => {
    const child = spawn(command!, [...args, file], { stdio: "inherit" })
    child.once("error", (error) =>
      reject(wrongUsage(`the editor ${command} cannot be run: ${error.message}`)),
    )
    child.once("exit", (code) => {
      if (code === 0) resolve()
      else reject(wrongUsage(`the editor ${command} ended with ${code ?? "a signal"}; nothing was sent`))
    })
  })
}
