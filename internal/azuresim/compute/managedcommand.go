package compute

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// Run commands that are resources of an instance, as azure-cli-2025-02__test_vmss_run_command_v2 has them.

func (s *managedCommands) managedRoutes() []*arm.Route {
	of := func(instance, short, action string, write, remove ratelimit.Policy, find finder) []*arm.Route {
		all, one := instance+"/runcommands", instance+"/runcommands/{command}"
		action += "runCommands/"
		return []*arm.Route{
			arm.NewRoute("GET", all, short+".List", action+"read", ratelimit.VMGet, find.handle(s.list)),
			arm.NewRoute("GET", one, short+".Get", action+"read", ratelimit.VMGet, find.handle(s.get)),
			arm.NewRoute("PUT", one, short+".CreateOrUpdate", action+"write", write, find.handle(s.put)),
			arm.NewRoute("PATCH", one, short+".Update", action+"write", write, find.handle(s.patch)),
			arm.NewRoute("DELETE", one, short+".Delete", action+"delete", remove, find.handle(s.remove)),
		}
	}
	return slices.Concat(
		of(arm.InstancePath, "VMRunCommands", arm.InstanceAction, ratelimit.VMUpdate, ratelimit.VMDelete, s.ofUniform),
		of(arm.VirtualMachinePath, "RunCommands", "Microsoft.Compute/virtualMachines/", ratelimit.VirtualMachineUpdate,
			ratelimit.VirtualMachineUpdate, s.ofFlexible),
	)
}

type (
	// finder finds the instance that a path names.
	finder func(*arm.Request) (*vmss.Instance, *arm.Error)
	// answerer answers a request about an instance.
	answerer func(*arm.Request, *vmss.Instance) (*arm.Response, *arm.Error)
)

func (f finder) handle(answer answerer) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		inst, err := f(r)
		if err != nil {
			return nil, err
		}
		return answer(r, inst)
	}
}

// ofUniform takes numbers only, as the other kind of run command does there.
func (s *managedCommands) ofUniform(r *arm.Request) (*vmss.Instance, *arm.Error) {
	set, err := s.FindSet(r)
	if err != nil {
		return nil, err
	}
	if set.IsFlexible() {
		return nil, arm.InstanceNotNumber("instanceId")
	}
	return s.FindVM(r)
}

func (s *managedCommands) ofFlexible(r *arm.Request) (*vmss.Instance, *arm.Error) {
	if err := s.FindGroup(r); err != nil {
		return nil, err
	}
	inst := s.FindVirtualMachine(r)
	if inst == nil {
		return nil, arm.TypedNotFound("Microsoft.Compute/virtualMachines", r.Args["vm"], r.Args["group"])
	}
	return inst, nil
}

func (s *managedCommands) list(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	list := []tree.Members{}
	for _, c := range inst.Managed {
		list = append(list, commandBody(r, inst, c))
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}}), nil
}

func (s *managedCommands) get(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	c := inst.ManagedCommand(r.Args["command"])
	if c == nil {
		return nil, arm.EntityNotFound()
	}
	return arm.Answer(http.StatusOK, commandBody(r, inst, c)), nil
}

// commandBody is a run command as answers show it. Secrets are never shown.
func commandBody(r *arm.Request, inst *vmss.Instance, c *vmss.ManagedCommand) tree.Members {
	id, kind := inst.ARMID(), "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands"
	if inst.Set.IsFlexible() {
		id, kind = inst.VirtualMachineID(), "Microsoft.Compute/virtualMachines/runCommands"
	}
	properties := tree.Ordered(c.Properties, []string{"source", "parameters", "runAsUser", "timeoutInSeconds"}, "asyncExecution")
	properties = append(properties, tree.Member{"provisioningState", c.State}, tree.Member{"asyncExecution", c.Properties["asyncExecution"]})
	if expandsView(r) {
		properties = append(properties, tree.Member{"instanceView", c.View()})
	}
	return tree.Members{{"name", c.Name}, {"id", id + "/runCommands/" + c.Name}, {"type", kind}, {"location", inst.Set.Location},
		{"properties", properties}}
}

func (s *managedCommands) put(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	if err := arm.CheckLocation(tree.StringAt(body, "location")); err != nil {
		return nil, err
	}
	c := inst.ManagedCommand(r.Args["command"])
	if c == nil {
		return s.write(r, inst, &vmss.ManagedCommand{Name: r.Args["command"], State: "Creating"}, tree.ObjectAt(body, "properties"))
	}
	return s.write(r, inst, &vmss.ManagedCommand{Name: c.Name, State: "Updating"}, tree.ObjectAt(body, "properties"))
}

// patch keeps what the body leaves out.
func (s *managedCommands) patch(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	body, err := r.Object()
	if err != nil {
		return nil, err
	}
	c := inst.ManagedCommand(r.Args["command"])
	if c == nil {
		return nil, arm.EntityNotFound()
	}
	properties := tree.Object{}
	for _, part := range []tree.Object{c.Properties, c.Secret, tree.ObjectAt(body, "properties")} {
		maps.Copy(properties, part)
	}
	return s.write(r, inst, &vmss.ManagedCommand{Name: c.Name, State: "Updating"}, properties)
}

// write stores a run command and begins its script if the instance can run one now.
func (s *managedCommands) write(r *arm.Request, inst *vmss.Instance, c *vmss.ManagedCommand, properties tree.Object) (*arm.Response,
	*arm.Error) {
	script, limit, err := readManaged(properties)
	if err != nil {
		return nil, err
	}
	switch {
	case inst.Provisioning == vmss.Deleting:
		return nil, s.Conflict()
	case inst.Power != vmss.Running:
		return nil, arm.Refuse(http.StatusConflict, "OperationNotAllowed", "The operation requires the VM to be running (or set to run).")
	}
	c.Secret = tree.Object{}
	for _, name := range []string{"protectedParameters", "runAsPassword"} {
		if secret := properties[name]; secret != nil {
			c.Secret[name] = secret
		}
	}
	c.Properties = tree.WithDefaults(tree.Without(properties, "protectedParameters", "runAsPassword", "provisioningState", "instanceView"),
		tree.Object{"timeoutInSeconds": 0, "asyncExecution": false})
	status := http.StatusOK
	if c.State == "Creating" {
		status = http.StatusCreated
	}
	if earlier := inst.ManagedCommand(c.Name); earlier != nil {
		inst.RemoveManaged(earlier)
	}
	inst.Managed = append(inst.Managed, c)
	op := s.Begin(r.Route.Name, inst.Set, false, s.Durations.RunCommand)
	op.Charge = 1
	inst.RunManaged(op, c, script, limit)
	return s.Written(r, op.Operation, status, commandBody(r, inst, c), ""), nil
}

// remove deletes the resource once its operation ends.
func (s *managedCommands) remove(r *arm.Request, inst *vmss.Instance) (*arm.Response, *arm.Error) {
	c := inst.ManagedCommand(r.Args["command"])
	if c == nil {
		return arm.Answer(http.StatusNoContent, nil), nil
	}
	op := s.Begin(r.Route.Name, inst.Set, false, s.Durations.RunCommand)
	op.Charge = 1
	c.State = "Deleting"
	op.OnEnd = func() {
		if !op.Inert {
			inst.RemoveManaged(c)
		}
	}
	return s.Accepted(r, op.Operation), nil
}

// readManaged reads the script of a run command and its time limit.
func readManaged(properties tree.Object) (guest.Script, time.Duration, *arm.Error) {
	script, err := readSource(tree.ObjectAt(properties, "source"))
	if err != nil {
		return script, 0, err
	}
	for _, name := range []string{"parameters", "protectedParameters"} {
		if err := readParameters(&script, properties[name]); err != nil {
			return script, 0, err
		}
	}
	seconds, given := tree.IntAt(properties, "timeoutInSeconds")
	if given && (seconds < 0 || seconds > int(vmss.ProvisioningLimit.Seconds())) {
		return script, 0, arm.InvalidParameter("timeoutInSeconds", "The value '%d' of parameter 'timeoutInSeconds' is out of range.", seconds)
	}
	if seconds == 0 {
		return script, vmss.ProvisioningLimit, nil
	}
	return script, time.Duration(seconds) * time.Second, nil
}

// readParameters adds parameters to a script. One with a name is a variable of the environment, one without is an argument
// (Azure/run-command-handler-linux, main/exec.go).
func readParameters(script *guest.Script, list any) *arm.Error {
	given, isArray := list.([]any)
	if list != nil && !isArray {
		return arm.InvalidContent(arm.ErrNotArray)
	}
	for _, parameter := range given {
		value, isText := tree.At(parameter, "value").(string)
		if !isText {
			return arm.InvalidContent(arm.ErrNotObject)
		}
		if called := tree.StringAt(parameter, "name"); called != "" {
			script.Env = append(script.Env, called+"="+value)
		} else {
			script.Args = append(script.Args, value)
		}
	}
	return nil
}

// readSource reads a script, which a body has itself, or names by a URI or by the id of one that Azure has.
func readSource(source tree.Object) (guest.Script, *arm.Error) {
	text, uri, id := tree.StringAt(source, "script"), tree.StringAt(source, "scriptUri"), tree.StringAt(source, "commandId")
	switch {
	case len(text) > LongestProgram:
		return guest.Script{}, arm.InvalidParameter("script", "The script's length (%d) exceeded the maximum allowed length of %d.", len(text),
			LongestProgram)
	case text != "":
		return guest.Script{Program: text}, nil
	case uri != "":
		location, _, _ := strings.Cut(uri, "?")
		return guest.Script{URIs: []string{uri}, Command: fmt.Sprintf("sh './%s'", path.Base(location))}, nil
	case strings.EqualFold(id, ShellCommand) || strings.EqualFold(id, PowerCommand):
		return guest.Script{Program: SampleScript}, nil
	case id != "":
		return guest.Script{}, arm.EntityNotFound()
	}
	return guest.Script{}, arm.InvalidParameter("source", "Required parameter 'source' is missing (null).")
}
