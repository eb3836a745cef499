package rollout

import "strings"

// toMend stands between what happened and the command that mends it.
const toMend = "; to mend it: "

// advice is what happened, with the next command to run, if there is one.
func (p *Problem) advice() string { return p.Advised(p.Error()) }

// Advised is a text about the problem with the next command to run, if there is one.
func (p *Problem) Advised(text string) string {
	if p.Remediation == "" {
		return text
	}
	return text + toMend + p.Remediation
}

// WithoutAdvice is what is left of a message where there is no room for its command: half a command is there to be pasted, too.
func WithoutAdvice(message string) string {
	told, _, _ := strings.Cut(message, toMend)
	return told
}
