"""The base of the service's tables, apart from the model's, so that each side migrates only its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from models.base import Base, ZonedDateTime


class ServiceBase(DeclarativeBase):
    """Base of the service's tables; foreign keys to the model name the column itself."""

    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    type_annotation_map = {datetime: ZonedDateTime}  # noqa: RUF012 (SQLAlchemy reads it from the class)
