/**
 * The second wall behind the gate: what runs a query has the role `reader`, whose rights are SELECT on the
 * three databases and nothing else, so that a hole in the gate still reads no file, no network and no other
 * table (docs/decisions/0019). The embedded engine has one user, `default`; its rights are two roles, and a
 * connection for queries gives the larger one up.
 */
import { DATABASES } from "./gate/inspect.ts"

/** The file that --config-file names. */
export function engineConfig(usersFile: string): string {
  return `<clickhouse>
  <users_config>${escaped(usersFile)}</users_config>
</clickhouse>
`
}

/** The file that `users_config` names. */
export function engineUsers(): string {
  const reads = DATABASES.map((name) => `      <query>GRANT SELECT ON ${name}.*</query>`).join("\n")
  return `<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <roles>
    <platform><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></platform>
    <reader><grants>
${reads}
    </grants></reader>
  </roles>
  <users>
    <default>
      <no_password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT platform, reader</query></grants>
    </default>
  </users>
</clickhouse>
`
}

/** What a connection for queries says first: only a reader's rights, and nothing but settings may change. */
export const BECOME_READER: readonly string[] = ["SET ROLE reader", "SET readonly = 2"]

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
}
