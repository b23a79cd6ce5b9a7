"""How do the processes reach Temporal, and how do they run and leave?"""

import asyncio
import contextlib
import hashlib
import logging
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from temporaletl.codec import EncryptionCodec, parse_keys
from temporaletl.environment import read_temporals_environment
from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.failures import BUGS, BoundedFailureConverter
from temporaletl.logs import CORE_LOGGER
from temporaletl.settings import A_SERVER, TemporalSettings, is_server
from temporaletl.temporal_refusals import explain_configuration, explain_failed_connection

log = structlog.get_logger(__name__)

GRACE_S = 5.0
"""How long running activities may go on after a stop was asked for."""

_HEARTBEAT_THROTTLE = timedelta(seconds=1)

_SOURCES = frozenset({".py", ".sql", ".soql"})


def data_converter(settings: TemporalSettings) -> DataConverter:
    """Pydantic payloads, bounded failures, and encryption where keys are set."""
    converter = replace(pydantic_data_converter, failure_converter_class=BoundedFailureConverter)
    if settings.codec_keys is None:
        return converter
    codec = EncryptionCodec(parse_keys(settings.codec_keys.get_secret_value()))
    return replace(converter, payload_codec=codec)


async def connect(settings: TemporalSettings, *, wait: bool) -> Client:
    """A client of the configured server; with *wait*, tries until it answers.

    Address and namespace: TEMPORAL_ADDRESS / TEMPORAL_NAMESPACE or a profile file (temporalio.envconfig,
    with TLS, mTLS and API key), else TEMPORAL_HOST. Raises ConfigurationError for files that are missing
    or wrong and for a certificate that does not verify, TransientError when the server cannot be reached.
    """
    options = _client_options(settings)
    options["runtime"] = _make_runtime(settings.metrics_address, tells=wait)
    where = f"{options['target_host']} (namespace {options['namespace']})"
    delay_s = 0.5
    while True:
        try:
            client = await Client.connect(**options)
            await _find_namespace(client)
        except (RPCError, RuntimeError, OSError, ValueError) as error:
            refusal = explain_failed_connection(error)
            said = f"Temporal at {where} cannot be reached: {refusal.reason}; {refusal.advice}"
            if refusal.permanent:
                raise ConfigurationError(said) from error
            if not wait:
                raise TransientError(said) from error
            log.warning(
                "Temporal cannot be reached yet",
                address=where,
                reason=refusal.reason,
                advice=refusal.advice,
                retry_in_s=delay_s,
            )
        else:
            return client
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, 15)


async def _find_namespace(client: Client) -> None:
    """Raise RPCError when the namespace is not there; who may not ask is believed."""
    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=timedelta(seconds=10)
        )
    except RPCError as error:
        if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            raise


def _client_options(settings: TemporalSettings) -> dict[str, Any]:
    if settings.config_file is not None and not settings.config_file.is_file():
        raise ConfigurationError(f"TEMPORAL_CONFIG_FILE: there is no file {settings.config_file}")
    try:
        found: dict[str, Any] = {
            **ClientConfig.load_client_connect_config(override_env_vars=read_temporals_environment())
        }
    except OSError as error:
        raise ConfigurationError(
            f"Temporal's TLS settings name a file that cannot be read: {error.filename}"
        ) from error
    except (RuntimeError, ValueError) as error:
        raise ConfigurationError(explain_configuration(error)) from None
    found.setdefault("target_host", settings.host)
    if not is_server(found["target_host"]):
        # It is not said: it may hold a password.
        raise ConfigurationError(f"TEMPORAL_ADDRESS (or the profile file's address) {A_SERVER}")
    found.setdefault("namespace", settings.namespace)
    found["data_converter"] = data_converter(settings)
    return found


def _make_runtime(metrics_address: str | None, *, tells: bool) -> Runtime:
    """Temporal's threads, which serve metrics and, with *tells*, say through our log what they meet.

    Else they would write to standard output. A command tells only how its own calls end.
    """
    forwarding = LogForwardingConfig(
        logging.getLogger(CORE_LOGGER),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,
    )
    warnings = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    metrics = PrometheusConfig(bind_address=metrics_address) if metrics_address else None
    try:
        return Runtime(telemetry=TelemetryConfig(logging=warnings if tells else None, metrics=metrics))
    except ValueError as error:
        raise ConfigurationError(
            f"TEMPORAL_METRICS_ADDRESS={metrics_address} cannot be served: it must be an address of this"
            " machine, and every process needs its own"
        ) from error


@dataclass(frozen=True)
class QueueSpec:
    """One task queue to poll, with what runs there and how much at once."""

    task_queue: str
    slots: int
    activities: Sequence[Callable[..., Any]] = ()
    workflows: Sequence[type] = ()
    max_workflow_tasks: int = 20
    options: dict[str, Any] = field(default_factory=dict)


async def run_workers(client: Client, queues: Sequence[QueueSpec]) -> None:
    """Poll *queues* until cancelled; then running activities have GRACE_S to hand back.

    Those that do not are left to their threads: Temporal gives them to another worker. Raises what ends
    a worker by itself, such as a namespace that is gone.
    """
    build_id = identify_build(queues)
    with contextlib.ExitStack() as executors:
        workers = []
        for queue in queues:
            threads = ThreadPoolExecutor(queue.slots, thread_name_prefix=queue.task_queue)
            executors.callback(threads.shutdown, wait=False, cancel_futures=True)
            workers.append(_make_worker(client, queue, threads, build_id))
        running = [asyncio.create_task(worker.run()) for worker in workers]
        log.info("polling", queues=[queue.task_queue for queue in queues])
        try:
            # Not gather: cancelled, it would wait for what it gathered, and so for every thread.
            ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
            for task in ended:
                task.result()
        finally:
            stopping = [asyncio.create_task(worker.shutdown()) for worker in workers]
            _, late = await asyncio.wait([*stopping, *running], timeout=GRACE_S + 2)
            for task in late:
                task.cancel()


def identify_build(queues: Sequence[QueueSpec]) -> str:
    """A name for the code that *queues* run: a digest of the sources of its packages and of this one.

    Temporal shows it with every task. The SDK's own reads all loaded modules, which takes it a second.
    """
    parts = [part for queue in queues for part in (*queue.workflows, *queue.activities)]
    packages = {name.partition(".")[0] for name in (__name__, *(part.__module__ for part in parts))}
    digest = hashlib.sha256()
    for package in sorted(packages):
        for folder in getattr(sys.modules.get(package), "__path__", ()):
            for path in sorted(Path(folder).rglob("*")):
                if path.suffix in _SOURCES:
                    digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _make_worker(client: Client, queue: QueueSpec, threads: ThreadPoolExecutor, build_id: str) -> Worker:
    return Worker(
        client,
        build_id=build_id,
        task_queue=queue.task_queue,
        activities=queue.activities,
        workflows=queue.workflows,
        activity_executor=threads,
        max_concurrent_activities=queue.slots,
        max_concurrent_workflow_tasks=queue.max_workflow_tasks if queue.workflows else None,
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=BUGS,
        graceful_shutdown_timeout=timedelta(seconds=GRACE_S),
        max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
        **queue.options,
    )
