package azure

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/message"
)

// Azure's commands that run a script, by operating system.
const (
	shellCommand = "RunShellScript"
	powerCommand = "RunPowerShellScript"
)

// maxShellCode is the highest exit code on Linux. On Windows one is any number of 32 bits.
const maxShellCode = 255

// outputLimit is how many bytes of the end of a script's output are returned; Azure's agent keeps no more.
const outputLimit = 4 << 10

// wrappedScript is a script wrapped in another, so that its exit code comes back: the agent tells what was printed, and says that all went
// well whatever the script did.
type wrappedScript struct {
	marker  string   // what the exit code stands behind; the script cannot know it
	encoded []string // the script, in lines of base64, which nothing on the way can change or take for something else
	shell   string   // what runs it where it does not say itself
	command string   // Azure's name of the command that runs it
	wrapper string   // the script around it
}

// newWindowsScript wraps a script of PowerShell. The mark at its beginning says that it is UTF-8, which Windows PowerShell would not guess.
func newWindowsScript(script string) wrappedScript {
	e := newWrappedScript("\ufeff" + strings.TrimPrefix(script, "\ufeff"))
	e.command, e.wrapper = powerCommand, powerWrapper
	return e
}

func newWrappedScript(script string) wrappedScript {
	e := wrappedScript{marker: "end-" + rand.Text(), command: shellCommand, wrapper: wrapper}
	if !strings.HasPrefix(script, "#!") {
		e.shell = "/bin/sh "
	}
	const width = 76
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(script))), width) {
		e.encoded = append(e.encoded, string(line))
	}
	return e
}

// wrapper runs the script as a file beside its own, where files may be executed, with nothing to read, and in a session of its own, since
// its "kill 0" must not end us. Both its streams go to stdout. The exit code goes to stderr, where nothing else does: so the script
// can neither print it nor push it out of the 4 KiB of each stream that the agent keeps, not even by what it leaves running. It
// stands between two markers, so that half of it is none.
const wrapper = `#!/bin/sh
given="${0%%/*}/given.sh"
base64 -d > "$given" <<'%[1]s' && chmod 700 "$given" || exit
%[2]s
%[1]s
session=$(command -v setsid)
$session %[3]s"$given" 2>&1 < /dev/null
code=$?
rm -f "$given"
printf '\n%%s %%s %%s\n' '%[1]s' "$code" '%[1]s' >&2`

// powerWrapper does the same on Windows. There every process has a console of its own, and the agent keeps the streams apart.
const powerWrapper = `$ErrorActionPreference = 'Continue'
$given = Join-Path $env:TEMP ('%[1]s' + '.ps1')
$encoded = @'
%[2]s
'@
[IO.File]::WriteAllBytes($given, [Convert]::FromBase64String(($encoded -replace '\s', '')))
$shell = (Get-Process -Id $PID).Path
$null | & $shell -NoProfile -NonInteractive -ExecutionPolicy Bypass -File $given 2>&1 | ForEach-Object { "$_" }
$code = $LASTEXITCODE
Remove-Item -Force $given
[Console]::Error.WriteLine([Environment]::NewLine + '%[1]s ' + $code + ' %[1]s')`

// lines returns the wrapped script, line by line.
func (e wrappedScript) lines() []*string {
	var lines []*string
	for line := range strings.SplitSeq(fmt.Sprintf(e.wrapper, e.marker, strings.Join(e.encoded, "\n"), e.shell), "\n") {
		lines = append(lines, &line)
	}
	return lines
}

// secrets returns every form of the script that must not be repeated.
func (e wrappedScript) secrets(script string) []string { return append([]string{script}, e.encoded...) }

// outcome reads the exit code and the end of the output out of the agent's report. Without the one the other is worth nothing.
func (e wrappedScript) outcome(report armcompute.RunCommandResult) (exitCode int, output string, ended bool) {
	stdout, stderr := streams(report)
	for line := range strings.Lines(stderr) {
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != e.marker || words[2] != e.marker {
			continue
		}
		if code, err := strconv.ParseInt(words[1], 10, 32); err == nil && (e.command == powerCommand || code >= 0 && code <= maxShellCode) {
			return int(code), message.Tail(stdout, outputLimit), true
		}
	}
	return noExitCode, "", false
}

// streams splits a report into its streams. On Linux the report is one message. stderr comes last in it and begins at the last mark, so a
// mark that a script prints to stdout does no harm. Elsewhere there is a status for each stream.
func streams(report armcompute.RunCommandResult) (stdout, stderr string) {
	const begin, between = "[stdout]\n", "\n[stderr]\n"
	for _, s := range report.Value {
		message := deref(deref(s).Message)
		switch family, stream := statusCode(s); {
		case family == "componentstatus" && stream == "stdout":
			stdout = message
		case family == "componentstatus" && stream == "stderr":
			stderr = message
		default:
			_, both, found := strings.Cut(message, begin)
			if at := strings.LastIndex(both, between); found && at >= 0 {
				stdout, stderr = both[:at], both[at+len(between):]
			}
		}
	}
	return stdout, stderr
}
