//! Conference rooms: who waits, who was in, from where links were used.

use super::apply::done;
use super::engine::{Connection, DbRow, Engine};
use crate::domain::doorstep::{Doorstep, Waiting};
use crate::domain::id::{GuestId, MeetingId};
use crate::domain::meeting::Meeting;
use crate::domain::presence::{Closing, Stay, Stays};
use crate::domain::record::{Committed, RoomWrite};
use crate::flow::port::PortResult;
use crate::flow::room_port::Rooms;
use crate::store::codec::{decode, from_json, id, micros, text, time, unsigned, uuid};
use crate::store::unread;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;

/// For how long it is known from where a link was used.
const USES_KEPT: TimeDelta = TimeDelta::days(1);

/// What happens to a room.
pub(super) async fn store_room(connection: &mut Connection, write: &RoomWrite) -> Result<Committed, sqlx::Error> {
    match write {
        RoomWrite::Opened { room, at } => {
            let query = sqlx::query(
                "INSERT INTO rooms_opened (room, at) VALUES ($1, $2) ON CONFLICT (room) DO UPDATE SET at = excluded.at \
                 WHERE excluded.at < rooms_opened.at",
            );
            done(connection, query.bind(room.as_str()).bind(micros(*at))).await
        }
        RoomWrite::Waits { room, guest, at } => {
            let query = sqlx::query(
                "INSERT INTO doorsteps (room, guest, waits_since) VALUES ($1, $2, $3) \
                 ON CONFLICT (room, guest) DO UPDATE SET waits_since = coalesce(doorsteps.waits_since, excluded.waits_since)",
            );
            done(connection, query.bind(room.as_str()).bind(id(guest.0)).bind(micros(*at))).await
        }
        RoomWrite::LetIn { room, guest, at } => {
            let query = sqlx::query(
                "INSERT INTO doorsteps (room, guest, let_in_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (room, guest) DO UPDATE SET let_in_at = coalesce(doorsteps.let_in_at, excluded.let_in_at)",
            );
            done(connection, query.bind(room.as_str()).bind(id(guest.0)).bind(micros(*at))).await
        }
        RoomWrite::Stay { meeting, stay } => {
            // In any order and again: what is known stays, what is new is added.
            let query = sqlx::query(
                "INSERT INTO stays (room, occupant, joined_at, meeting, person, left_at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (room, occupant, joined_at) DO UPDATE SET person = coalesce(stays.person, excluded.person), \
                 left_at = CASE WHEN excluded.left_at < stays.left_at THEN stays.left_at ELSE coalesce(excluded.left_at, stays.left_at) END",
            );
            let query = query.bind(stay.room.as_str()).bind(text(&stay.occupant)).bind(micros(stay.joined_at)).bind(id(meeting.0));
            done(connection, query.bind(stay.person.map(id)).bind(stay.left_at.map(micros))).await
        }
        RoomWrite::Closed { meeting, closing } => {
            let query = sqlx::query("INSERT INTO rooms_closed (room, at, meeting) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
            done(connection, query.bind(closing.room.as_str()).bind(micros(closing.at)).bind(id(meeting.0))).await
        }
        RoomWrite::LinkUsed { guest, network, at } => {
            sqlx::query("DELETE FROM link_uses WHERE at < $1").bind(micros(*at - USES_KEPT)).execute(&mut *connection).await?;
            let query = sqlx::query(
                "INSERT INTO link_uses (guest, network, at) VALUES ($1, $2, $3) ON CONFLICT (guest, network) DO UPDATE SET at = excluded.at",
            );
            done(connection, query.bind(id(guest.0)).bind(network.to_vec()).bind(micros(*at))).await
        }
    }
}

#[async_trait]
impl Rooms for Engine {
    async fn meeting_of_room(&self, room: &str) -> PortResult<Option<Meeting>> {
        let query = sqlx::query("SELECT facts, version FROM meetings WHERE room = $1").bind(text(room));
        let row = query.fetch_optional(&self.readers).await.map_err(unread)?;
        row.as_ref().map(meeting_of).transpose().map_err(unread)
    }

    async fn stays(&self, meeting: MeetingId) -> PortResult<Stays> {
        let stays = sqlx::query("SELECT room, occupant, joined_at, person, left_at FROM stays WHERE meeting = $1").bind(id(meeting.0));
        let stays = stays.fetch_all(&self.readers).await.map_err(unread)?;
        let closings = sqlx::query("SELECT room, at FROM rooms_closed WHERE meeting = $1").bind(id(meeting.0));
        let closings = closings.fetch_all(&self.readers).await.map_err(unread)?;
        Ok(Stays {
            stays: stays.iter().map(stay_of).collect::<Result<_, _>>().map_err(unread)?,
            closings: closings.iter().map(closing_of).collect::<Result<_, _>>().map_err(unread)?,
        })
    }

    async fn doorstep(&self, room: &str, guest: GuestId) -> PortResult<Doorstep> {
        let query = sqlx::query(
            "SELECT (SELECT at FROM rooms_opened WHERE room = $1) AS opened_at, d.waits_since, d.let_in_at \
             FROM (SELECT 1) AS one LEFT JOIN doorsteps d ON d.room = $1 AND d.guest = $2",
        );
        let row = query.bind(room).bind(id(guest.0)).fetch_one(&self.readers).await.map_err(unread)?;
        let at = |column| row.try_get::<Option<i64>, _>(column).map(|at| at.map(time)).map_err(unread);
        Ok(Doorstep { opened_at: at("opened_at")?, waits_since: at("waits_since")?, let_in_at: at("let_in_at")? })
    }

    async fn waiting(&self, meeting: MeetingId) -> PortResult<Vec<Waiting>> {
        let query = sqlx::query(
            "SELECT d.room, d.guest, d.waits_since FROM guests g JOIN doorsteps d ON d.guest = g.id \
             WHERE g.meeting = $1 AND d.waits_since IS NOT NULL AND d.let_in_at IS NULL ORDER BY d.waits_since",
        );
        let rows = query.bind(id(meeting.0)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.iter().map(waiting_of).collect::<Result<_, _>>().map_err(unread)
    }

    async fn link_networks(&self, guest: GuestId, since: DateTime<Utc>) -> PortResult<Vec<[u8; 16]>> {
        let query = sqlx::query_scalar("SELECT network FROM link_uses WHERE guest = $1 AND at >= $2");
        let rows: Vec<Vec<u8>> = query.bind(id(guest.0)).bind(micros(since)).fetch_all(&self.readers).await.map_err(unread)?;
        rows.into_iter().map(|row| row.try_into().map_err(|_| unread("a network has another length"))).collect()
    }
}

fn meeting_of(row: &DbRow) -> Result<Meeting, sqlx::Error> {
    let meeting: Meeting = from_json(row.try_get("facts")?)?;
    Ok(Meeting { version: unsigned(row.try_get("version")?)?, ..meeting })
}

fn stay_of(row: &DbRow) -> Result<Stay, sqlx::Error> {
    Ok(Stay {
        room: row.try_get("room")?,
        occupant: row.try_get("occupant")?,
        person: row.try_get::<Option<&[u8]>, _>("person")?.map(uuid).transpose()?,
        joined_at: time(row.try_get("joined_at")?),
        left_at: row.try_get::<Option<i64>, _>("left_at")?.map(time),
    })
}

fn closing_of(row: &DbRow) -> Result<Closing, sqlx::Error> {
    Ok(Closing { room: row.try_get("room")?, at: time(row.try_get("at")?) })
}

fn waiting_of(row: &DbRow) -> Result<Waiting, sqlx::Error> {
    let since: Option<i64> = row.try_get("waits_since")?;
    Ok(Waiting {
        room: row.try_get("room")?,
        guest: GuestId(uuid(row.try_get("guest")?)?),
        since: time(since.ok_or_else(|| decode("nobody waits"))?),
    })
}
