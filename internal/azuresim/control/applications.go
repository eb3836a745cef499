package control

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// registerApplication registers a version of a gallery application, with its files and its commands.
func registerApplication(s *Endpoint) func([]byte, *http.Request) (any, error) {
	return func(body []byte, _ *http.Request) (any, error) {
		var in struct {
			ID      string            `json:"id"`
			Files   map[string]string `json:"files"`
			Install string            `json:"install"`
			Update  string            `json:"update"`
			Remove  string            `json:"remove"`
		}
		if err := readControl(body, &in); err != nil {
			return nil, err
		}
		if !strings.Contains(strings.ToLower(in.ID), "/applications/") || !strings.Contains(strings.ToLower(in.ID), "/versions/") {
			return nil, badControl("%q is not the ARM id of a version of a gallery application", in.ID)
		}
		if in.Install == "" || in.Remove == "" {
			return nil, badControl("an application needs a command to install it and one to remove it")
		}
		pack := vmss.Package{Files: map[string][]byte{}, Install: in.Install, Update: in.Update, Remove: in.Remove}
		for name, text := range in.Files {
			if name == "" || strings.ContainsAny(name, "/\\") {
				return nil, badControl("%q is no name of a file", name)
			}
			pack.Files[name] = []byte(text)
		}
		s.Packages[strings.ToLower(in.ID)] = pack
		return nil, nil
	}
}
