/**
 * Apache Flink in an ignored folder: Maven brings its jars, once, from wherever the user's Maven fetches
 * (its settings.xml), and javac compiles the program beside this file. Java and Maven are the machine's.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

export const FLINK_VERSION = "2.3.0"

const CACHE = fileURLToPath(new URL(`../../.cache/flink-${FLINK_VERSION}`, import.meta.url))
const HERE = import.meta.dirname
const MIN_JAVA = 17

export type FlinkInstallation =
  | { readonly kind: "installed"; readonly classPath: string; readonly java: string }
  | { readonly kind: "missing"; readonly reason: string }

export function installFlink(): FlinkInstallation {
  const java = answerOf("javac", ["-version"])
  if (java === null) return missing(`javac is not there: it takes a JDK ${MIN_JAVA} or newer on the PATH`)
  const version = Number(/^javac (\d+)/.exec(java)?.[1])
  if (!(version >= MIN_JAVA)) return missing(`"${java}" is too old: it takes a JDK ${MIN_JAVA} or newer`)
  const jars = join(CACHE, "jars")
  if (!existsSync(jars)) {
    if (answerOf("mvn", ["--version"]) === null)
      return missing("mvn is not there: it takes Maven on the PATH")
    const failure = download(jars)
    if (failure !== null) return missing(`Maven could not bring Flink ${FLINK_VERSION}: ${failure}`)
  }
  const classes = join(CACHE, "classes")
  compile(classes, jars)
  return { kind: "installed", classPath: [classes, join(jars, "*")].join(delimiter), java }
}

const missing = (reason: string): FlinkInstallation => ({ kind: "missing", reason })

/** What a tool says of itself; null: there is no such tool. */
function answerOf(tool: string, args: readonly string[]): string | null {
  try {
    return execFileSync(tool, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null
    throw error
  }
}

/** The folder gets its name when it is whole. Answers what went wrong, or null. */
function download(jars: string): string | null {
  const unfinished = `${jars}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  const args = ["--batch-mode", "--quiet", "--file", join(HERE, "pom.xml"), "dependency:copy-dependencies"]
  try {
    execFileSync("mvn", [...args, `-Dflink.version=${FLINK_VERSION}`, `-DoutputDirectory=${unfinished}`], {
      ...{ encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
    })
  } catch (error) {
    const { stdout, message } = error as Error & { readonly stdout?: string }
    return /^.*ERROR.*$/m.exec(stdout ?? "")?.[0] ?? message
  }
  renameSync(unfinished, jars)
  return null
}

/** The service file makes Flink find the class that keeps its metrics. */
function compile(classes: string, jars: string): void {
  const services = join(classes, "META-INF/services")
  mkdirSync(services, { recursive: true })
  const service = "org.apache.flink.metrics.reporter.MetricReporterFactory"
  writeFileSync(join(services, service), "RunScripts$KeptMetrics$Factory\n")
  const source = join(HERE, "RunScripts.java")
  execFileSync("javac", ["-d", classes, "-cp", join(jars, "*"), source], { stdio: "inherit" })
}
